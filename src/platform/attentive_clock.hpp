#pragma once
// Time as a loop sees it. A suspended process (Ctrl-Z, `scontrol suspend`, gang scheduling), or one that hung in a
// single call, could not see what other processes did meanwhile. Such time must not count against other processes.

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <functional>
#include <mutex>
#include <utility>

namespace stemma {

/// Seconds. The time between two looks counts for `longest_pause` at most. Each call of now(), from any thread, is a
/// look: it shows that the process runs.
class AttentiveClock {
public:
    using Source = std::function<double()>;
    static constexpr double longest_pause_default = 1;

    /// Begins at `already`. `source` gives seconds that never go back. Without `source`: the system's steady clock.
    explicit AttentiveClock(double already = 0, double longest_pause = longest_pause_default, Source source = {})
        : source_(source ? std::move(source) : Source(steady_seconds)),
          longest_pause_(longest_pause),
          time_(already),
          last_look_(source_()) {}

    double now() {
        const std::lock_guard lock(mutex_);
        const double look = source_();
        const double since = std::exchange(last_look_, std::max(look, last_look_));
        const double passed = std::max(0.0, look - since);
        if (passed > longest_pause_) ++pauses_;
        time_ += std::min(passed, longest_pause_);
        return time_;
    }
    /// How often time was left out so far.
    std::uint64_t pauses() const {
        const std::lock_guard lock(mutex_);
        return pauses_;
    }

private:
    static double steady_seconds() {
        return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
    }

    Source source_;
    double longest_pause_;
    mutable std::mutex mutex_;
    double time_;
    double last_look_;
    std::uint64_t pauses_ = 0;
};

}  // namespace stemma
