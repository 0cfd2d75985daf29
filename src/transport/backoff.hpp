#pragma once
// How a rank waits without spinning. A rank that polls without pause takes half a core from a neighbor that trains. A
// rank that sleeps at once answers late.

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <thread>

namespace stemma {

/// What a rank waits for.
enum class Awaited : std::uint8_t {
    answer,    ///< soon, and it comes without a sign: only a poll finds it
    transfer,  ///< a snapshot or a long message, which proceeds in polls only
    wakeup,    ///< soon, and the sender wakes this rank
    nothing,   ///< a training is under way, and no rank waits for this one
};

/// A rank that waits polls for a few microseconds after the last activity, then yields, then sleeps. Each sleep is at
/// most a twentieth of the time since the last activity. With sleeps as long as that time, two ranks that answer each
/// other in turn made each other slower (docs/development/decisions/ranks.md).
class IdleBackoff {
public:
    using Clock = std::chrono::steady_clock;
    static constexpr std::chrono::microseconds spin_for{5};
    static constexpr std::chrono::microseconds yield_for{50};
    static constexpr std::chrono::microseconds shortest_sleep{20};
    static constexpr std::chrono::microseconds longest_sleep{2000};
    static constexpr int share = 20;  ///< of the waiting time that a sleep may take: 1 / share
    /// While a snapshot is in transfer, which proceeds in polls only. Without cross-memory attach (in containers, say)
    /// a poll moves some tens of kilobytes. With sleeps of 2 ms, 100 MB took 0.9 s; with these sleeps 0.07 s.
    static constexpr std::chrono::microseconds longest_sleep_in_transfer{50};
    /// Where a message ends the sleep. Bounds the time until a rank notices what does not, such as a deadline.
    static constexpr std::chrono::microseconds longest_sleep_until_woken{5000};

    /// Resets the waiting: something has happened.
    void active() { waiting_ = false; }

    /// Call when nothing has happened. Returns the sleep before the next poll; zero: poll again at once (it yielded
    /// where due). For callers that sleep on a Wakeup. Other callers use wait().
    std::chrono::microseconds next_sleep(Awaited what = Awaited::answer) {
        if (what == Awaited::nothing) return longest_sleep_until_woken;
        const auto now = Clock::now();
        if (!waiting_) {
            waiting_ = true;
            since_ = now;
            return {};
        }
        const auto idle = std::chrono::duration_cast<std::chrono::microseconds>(now - since_);
        if (idle < spin_for) return {};
        if (what == Awaited::wakeup) return longest_sleep_until_woken;
        if (idle < yield_for) {
            std::this_thread::yield();
            return {};
        }
        const auto longest = what == Awaited::transfer ? longest_sleep_in_transfer : longest_sleep;
        return std::clamp<std::chrono::microseconds>(idle / share, shortest_sleep, longest);
    }

    void wait() {
        if (const auto sleep = next_sleep(); sleep.count() > 0) std::this_thread::sleep_for(sleep);
    }

private:
    bool waiting_ = false;
    Clock::time_point since_;
};

}  // namespace stemma
