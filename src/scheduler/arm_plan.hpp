#pragma once
// interval = "auto" of GPBT: which intervals are tried side by side, and what the search may cost.

#include <cstdint>
#include <vector>

#include "scheduler/gpbt.hpp"

namespace stemma {

/// Members of generation 0, which all arms share.
inline constexpr std::uint32_t arm_founders_max = 8;
/// No interval is longer than max / this, if it is the shortest one.
inline constexpr Resource arm_parts_least = 8;
/// Most training that such a search may be given: children * max.
inline constexpr double arm_budget_max = 1e18;

struct ArmPlan {
    std::vector<Resource> parts;  ///< generations of each arm up to max, the shared one included; finest arm first
    std::vector<Resource> ends;   ///< first boundary of each arm, ascending
    std::uint32_t founders = 0;
    Resource budget = 0;    ///< B = children * max
    Resource shortest = 1;  ///< the interval that the finest arm was made for
    /// True if the budget is too small for all arms that interval_min allows.
    bool cut = false;
};

/// Numbers of generations: max(8, floor(max / I)), but at most max, then always half as many, rounded down. The least
/// and last number is 2, or max if that is 1. I starts at interval_min and is raised while there are more than children
/// / 3 arms: an arm costs at least three trainings to max (B / (3 max) arms). Where that is not enough, because
/// children < 9, the coarsest arms are left out; one arm always stays. Founders: 8, or fewer, so that their training to
/// the coarsest arm's first boundary takes no more than a third of B; with max = 1 as many as children. O(log max).
ArmPlan plan_arms(const GpbtSettings& settings);

/// Shares of the finest arm and of each other one, of so many living arms: 0.5 and an even share of 0.5; alone 1.
inline double arm_weight(bool finest, std::size_t living) {
    if (living <= 1) return 1;
    return finest ? 0.5 : 0.5 / static_cast<double>(living - 1);
}

}  // namespace stemma
