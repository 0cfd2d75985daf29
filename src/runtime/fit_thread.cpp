#include "runtime/fit_thread.hpp"

#include <algorithm>
#include <chrono>
#include <exception>
#include <limits>

namespace stemma {

namespace {

/// The least of three: the first one also pays for cold caches.
double seconds_of(const ModelFit& fit) {
    using Clock = std::chrono::steady_clock;
    double least = std::numeric_limits<double>::infinity();
    for (int time = 0; time < 3; ++time) {
        const auto start = Clock::now();
        fit.run();
        least = std::min(least, std::chrono::duration<double>(Clock::now() - start).count());
    }
    return least;
}

}  // namespace

input::ModelFitted run_fit(const WantedFit& wanted) {
    try {
        if (wanted.timed) return {wanted.number, {seconds_of(*wanted.fit)}};
        return {wanted.number, wanted.fit->run()};
    } catch (const std::exception&) {
        return {wanted.number, {}};
    }
}

FitThread::~FitThread() {
    {
        const std::scoped_lock lock(mutex_);
        stop_ = true;
    }
    changed_.notify_one();
    if (thread_.joinable()) thread_.join();
}

void FitThread::take(std::span<const WantedFit> wanted) {
    for (const auto& fit : wanted) {
        if (fit.number < next_) continue;
        next_ = fit.number + 1;
        ++under_way_;
        {
            const std::scoped_lock lock(mutex_);
            queue_.push_back(fit);
        }
        if (!thread_.joinable()) thread_ = std::thread([this] { work(); });
        changed_.notify_one();
    }
}

std::optional<input::ModelFitted> FitThread::poll() {
    if (under_way_ == 0) return std::nullopt;
    const std::scoped_lock lock(mutex_);
    if (done_.empty()) return std::nullopt;
    auto fitted = std::move(done_.front());
    done_.pop_front();
    --under_way_;
    return fitted;
}

void FitThread::work() {
    std::unique_lock lock(mutex_);
    while (true) {
        changed_.wait(lock, [this] { return stop_ || !queue_.empty(); });
        if (stop_) return;
        const auto wanted = std::move(queue_.front());
        queue_.pop_front();
        lock.unlock();
        auto fitted = run_fit(wanted);
        lock.lock();
        done_.push_back(std::move(fitted));
    }
}

}  // namespace stemma
