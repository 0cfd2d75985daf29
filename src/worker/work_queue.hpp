#pragma once
// Jobs to one thread or several, results back. A lock in each direction for each item (tens of nanoseconds without
// contention). The owner is woken when no more jobs wait than results. So quick jobs are handed over in batches, and
// while the owner fetches more of them, half of them are left to do.

#include <condition_variable>
#include <deque>
#include <iterator>
#include <mutex>
#include <optional>
#include <utility>
#include <vector>

#include "transport/wakeup.hpp"

namespace stemma {

template <class Job, class Result>
class WorkQueue {
public:
    explicit WorkQueue(Wakeup& wakeup) : wakeup_(&wakeup) {}

    /// Owner: hands jobs over (leaves the vector empty).
    void give(std::vector<Job>& jobs) {
        if (jobs.empty()) return;
        const bool several = jobs.size() > 1;
        {
            const std::lock_guard lock(mutex_);
            for (auto& job : jobs) jobs_.push_back(std::move(job));
        }
        jobs.clear();
        several ? changed_.notify_all() : changed_.notify_one();
    }
    /// Owner: takes all results so far.
    void collect(std::vector<Result>& results) {
        results.clear();
        const std::lock_guard lock(mutex_);
        results.swap(results_);
    }
    /// Owner: no more jobs; next() returns nothing from now on. Drops waiting jobs if `drop_waiting`.
    void close(bool drop_waiting) {
        {
            const std::lock_guard lock(mutex_);
            closed_ = true;
            if (drop_waiting) jobs_.clear();
        }
        changed_.notify_all();
    }

    /// Thread: waits for a job; nothing if closed.
    std::optional<Job> next() {
        std::unique_lock lock(mutex_);
        changed_.wait(lock, [this] { return closed_ || !jobs_.empty(); });
        if (jobs_.empty()) return std::nullopt;
        auto job = std::move(jobs_.front());
        jobs_.pop_front();
        return job;
    }
    /// Thread: waits for a job, and takes all that are there. Empty if closed.
    std::vector<Job> next_all() {
        std::unique_lock lock(mutex_);
        changed_.wait(lock, [this] { return closed_ || !jobs_.empty(); });
        std::vector<Job> all(std::make_move_iterator(jobs_.begin()), std::make_move_iterator(jobs_.end()));
        jobs_.clear();
        return all;
    }
    /// Thread: hands a result back.
    void done(Result result) {
        bool wake = false;
        {
            const std::lock_guard lock(mutex_);
            results_.push_back(std::move(result));
            wake = results_.size() >= jobs_.size();
        }
        if (wake) wakeup_->wake();
    }

private:
    Wakeup* wakeup_;
    std::mutex mutex_;
    std::condition_variable changed_;
    std::deque<Job> jobs_;
    std::vector<Result> results_;
    bool closed_ = false;
};

}  // namespace stemma
