#pragma once
// The value of a waiting member's snapshot: Keep::priority in every scheduler with rungs.

#include <cmath>
#include <cstddef>

namespace stemma {

/// For members that go on for certain and only wait for a worker: above every retention_priority().
inline constexpr double certain_to_go_on = 1e6;

/// In [rung, rung + 1], for a finite objective (minimized). Members of higher rungs are worth more; within a rung
/// better members are. The map of the objective is monotone. Far out (beyond about 10^15) members tie. Only +, -, / and
/// abs, so that the same objective gives the same bits on every machine.
inline double retention_priority(std::size_t rung, double objective) {
    return static_cast<double>(rung) + 0.5 - 0.5 * (objective / (1.0 + std::abs(objective)));
}

}  // namespace stemma
