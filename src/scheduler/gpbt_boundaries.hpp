#pragma once
// The resources at which GPBT's generations end.

#include <algorithm>
#include <cstdint>

#include "core/ids.hpp"

namespace stemma {

/// Either each generation trains for `interval`. Or a training of `span` is cut into `parts` generations of nearly
/// equal length: generation g = 1, 2, ... ends at round(g span / parts), halves upwards. Beyond `span` they go on
/// alike. Nothing is trained beyond `max`. All functions take O(1).
class GpbtBoundaries {
public:
    /// interval in 1 .. max.
    static GpbtBoundaries every(Resource interval, Resource max) { return {interval, 0, 0, max}; }
    /// parts in 1 .. min(span, 10^6), span <= 10^15.
    static GpbtBoundaries divided(Resource span, Resource parts) { return {0, span, parts, span}; }

    Resource max() const { return max_; }
    void raise_max(Resource max) { max_ = std::max(max_, max); }
    /// The end of generation g >= 0, counted from 0: the founders' is 0.
    Resource end(std::uint64_t generation) const {
        const auto number = static_cast<Resource>(generation);
        return parts_ == 0 ? after(number * interval_) : std::min(at(number + 1), std::max(max_, at(number) + 1));
    }
    /// Where a training that starts at `from` ends.
    Resource after(Resource from) const {
        const auto next = parts_ == 0 ? from + interval_ : at(number_up_to(from) + 1);
        return std::min(next, std::max(max_, from + 1));
    }
    /// Generations up to `max`, the founders' included.
    std::uint64_t generations() const { return generations(max_); }
    std::uint64_t generations(Resource max) const {
        if (parts_ == 0) return static_cast<std::uint64_t>((max - 1) / interval_ + 1);
        const auto number = number_up_to(max);
        return static_cast<std::uint64_t>(at(number) == max ? number : number + 1);
    }

private:
    GpbtBoundaries(Resource interval, Resource span, Resource parts, Resource max)
        : interval_(interval), span_(span), parts_(parts), max_(max) {}

    /// round(number * span / parts), without a product that might be too large.
    Resource at(Resource number) const {
        const auto rest = span_ % parts_;
        const auto times = number / parts_;
        const auto within = number % parts_;
        return times * span_ + within * (span_ / parts_) + (2 * within * rest + parts_) / (2 * parts_);
    }
    /// The largest number whose boundary is not beyond `resource`.
    Resource number_up_to(Resource resource) const {
        const auto share = static_cast<double>(resource % span_) / static_cast<double>(span_);
        auto number = resource / span_ * parts_ + static_cast<Resource>(share * static_cast<double>(parts_));
        while (at(number) > resource) --number;
        while (at(number + 1) <= resource) ++number;
        return number;
    }

    Resource interval_;
    Resource span_;
    Resource parts_;
    Resource max_;
};

}  // namespace stemma
