#pragma once
// A limit on MPI's start. MPI_Init waits for every rank without a limit: if one rank dies or hangs in it, the other
// ranks would wait for ever and say nothing.

#include <condition_variable>
#include <functional>
#include <mutex>
#include <thread>

namespace stemma {

/// Calls `late` once if the object lives for longer than `seconds` (> 0). Time in which the process was suspended does
/// not count. `late` runs on a thread of its own while the other thread hangs. `late` may end the process.
class StartWatch {
public:
    StartWatch(double seconds, std::function<void()> late);
    /// The start was in time. Waits for a `late` that is running.
    ~StartWatch();
    StartWatch(const StartWatch&) = delete;
    StartWatch& operator=(const StartWatch&) = delete;

private:
    std::mutex mutex_;
    std::condition_variable changed_;
    bool done_ = false;
    std::thread thread_;
};

}  // namespace stemma
