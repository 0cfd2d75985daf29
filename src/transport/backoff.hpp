#pragma once
// How a rank waits without spinning. A rank that polls without pause takes half a core from a neighbour that trains;
// one that sleeps at once answers late. So: a few microseconds of polling after the last activity, then yields, then
// sleeps that grow to two milliseconds (about 1 % of a core; docs/benchmarks.md).

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

    /// Something happened.
    void active() { waiting_ = false; }

    /// Nothing happened. How long to sleep before the next poll; zero: poll again at once (it yielded where due).
    /// For callers that wait on a condition variable; others call wait().
    std::chrono::microseconds next_sleep() {
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
        const auto now_sleep = sleep_;
        sleep_ = std::min(sleep_ * 2, longest_sleep);
        return now_sleep;
    }

    void wait() {
        if (const auto sleep = next_sleep(); sleep.count() > 0) std::this_thread::sleep_for(sleep);
    }

private:
    bool waiting_ = false;
    Clock::time_point since_;
    std::chrono::microseconds sleep_ = first_sleep;
};

}  // namespace stemma
