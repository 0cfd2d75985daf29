#include "runtime/sync_thread.hpp"

#include <utility>

namespace stemma {

SyncThread::~SyncThread() {
    {
        const std::scoped_lock lock(mutex_);
        stop_ = true;
    }
    changed_.notify_all();
    if (thread_.joinable()) thread_.join();
}

bool SyncThread::busy() {
    std::unique_lock lock(mutex_);
    rethrow(lock);
    return under_way_;
}

void SyncThread::start(std::function<void()> work) {
    {
        const std::scoped_lock lock(mutex_);
        work_ = std::move(work);
        under_way_ = true;
    }
    if (!thread_.joinable()) thread_ = std::thread([this] { run(); });
    changed_.notify_all();
}

void SyncThread::wait() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return !under_way_; });
    rethrow(lock);
}

void SyncThread::rethrow(std::unique_lock<std::mutex>& lock) {
    if (!error_) return;
    const auto error = std::exchange(error_, nullptr);
    lock.unlock();
    std::rethrow_exception(error);
}

void SyncThread::run() {
    std::unique_lock lock(mutex_);
    while (true) {
        changed_.wait(lock, [this] { return stop_ || work_; });
        if (!work_) return;
        auto work = std::exchange(work_, nullptr);
        lock.unlock();
        std::exception_ptr error;
        try {
            work();
        } catch (...) {
            error = std::current_exception();
        }
        work = nullptr;  // frees what it holds
        lock.lock();
        error_ = error;
        under_way_ = false;
        changed_.notify_all();
    }
}

}  // namespace stemma
