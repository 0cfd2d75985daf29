#pragma once
// How a rank waits without spinning. A rank that polls without pause takes half a core from a neighbor that trains. A
// rank that sleeps at once answers late. So a rank polls for a few microseconds after the last activity, then yields.
// Then it sleeps for times that grow to two milliseconds (about 1 % of a core; docs/benchmarks.md).

#include <algorithm>
#include <chrono>
#include <thread>

namespace stemma {

class IdleBackoff {
public:
    using Clock = std::chrono::steady_clock;
    static constexpr std::chrono::microseconds spin_for{5};
    static constexpr std::chrono::microseconds yield_for{50};
    static constexpr std::chrono::microseconds first_sleep{20};
    static constexpr std::chrono::microseconds longest_sleep{2000};
    /// While a snapshot is in transfer, which proceeds in polls only. Without cross-memory attach (in containers, say)
    /// a poll moves some tens of kilobytes. With sleeps of 2 ms, 100 MB took 0.9 s; with these sleeps 0.07 s.
    static constexpr std::chrono::microseconds longest_sleep_in_transfer{50};

    /// Resets the waiting: something has happened.
    void active() { waiting_ = false; }

    /// Call when nothing has happened. Returns the sleep before the next poll; zero: poll again at once (it yielded
    /// where due). For callers that wait on a condition variable. Other callers use wait().
    std::chrono::microseconds next_sleep(bool in_transfer = false) {
        const auto now = Clock::now();
        if (!waiting_) {
            waiting_ = true;
            since_ = now;
            sleep_ = first_sleep;
            return {};
        }
        const auto idle = now - since_;
        if (idle < spin_for) return {};
        if (idle < yield_for) {
            std::this_thread::yield();
            return {};
        }
        const auto longest = in_transfer ? longest_sleep_in_transfer : longest_sleep;
        const auto now_sleep = std::min(sleep_, longest);
        sleep_ = std::min(sleep_ * 2, longest);
        return now_sleep;
    }

    void wait(bool in_transfer = false) {
        if (const auto sleep = next_sleep(in_transfer); sleep.count() > 0) std::this_thread::sleep_for(sleep);
    }

private:
    bool waiting_ = false;
    Clock::time_point since_;
    std::chrono::microseconds sleep_ = first_sleep;
};

}  // namespace stemma
