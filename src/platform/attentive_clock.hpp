#pragma once
// Time as a loop lives it. A process that was suspended (Ctrl-Z, `scontrol suspend`, gang scheduling) or hung in one
// call knows nothing of what others did meanwhile: nobody may be blamed for that time.

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <functional>
#include <mutex>
#include <utility>

namespace stemma {

/// Seconds, of which those between two looks count for `longest_pause` at most. Each call of now() is a look, by
/// whichever thread: it shows that the process runs.
class AttentiveClock {
public:
    using Source = std::function<double()>;
    static constexpr double longest_pause_default = 1;

    /// Begins at `already`. `source` gives seconds that never go back; none: the system's steady clock.
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
