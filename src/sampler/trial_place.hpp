#pragma once
#include <compare>
#include <cstdint>

namespace stemma {

/// A trial's place on a coordinate of the unit cube. Ordered by coordinate, equal ones by number.
struct TrialPlace {
    double unit = 0;          ///< in [0, 1]
    std::uint32_t trial = 0;  ///< number of the trial in its list
    friend auto operator<=>(const TrialPlace&, const TrialPlace&) = default;
};

}  // namespace stemma
