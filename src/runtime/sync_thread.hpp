#pragma once
// Forces the record to the disk beside rank 0's loop. A disk that hangs for a minute must not keep the loop from
// answering its workers.

#include <condition_variable>
#include <exception>
#include <functional>
#include <mutex>
#include <thread>

namespace stemma {

/// One piece of work at a time, on a thread that is started with the first. Functions are for the owner's thread.
class SyncThread {
public:
    SyncThread() = default;
    /// Waits for the running work.
    ~SyncThread();
    SyncThread(const SyncThread&) = delete;
    SyncThread& operator=(const SyncThread&) = delete;

    /// True while work is running. Throws once what the previous work threw.
    bool busy();
    /// Only while not busy().
    void start(std::function<void()> work);
    /// Waits until no work is running. Throws as busy().
    void wait();

private:
    void run();
    void rethrow(std::unique_lock<std::mutex>& lock);

    std::mutex mutex_;
    std::condition_variable changed_;
    std::function<void()> work_;  ///< the next four: guarded by mutex_
    bool under_way_ = false;
    bool stop_ = false;
    std::exception_ptr error_;
    std::thread thread_;
};

}  // namespace stemma
