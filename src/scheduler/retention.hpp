#pragma once
// The value of a waiting member's snapshot: Keep::priority in every scheduler with rungs.

#include <cmath>
#include <cstddef>
#include <cstdint>

namespace stemma {

/// For members that go on for certain and only wait for a worker: above every retention_priority().
inline constexpr double certain_to_go_on = 1e6;

/// In [rung, rung + 1], for a finite objective (minimized). Members of higher rungs are worth more; within a rung
/// better members are. The map of the objective is monotone. Far out (beyond about 10^15) members tie. Only +, -, / and
/// abs, so that the same objective gives the same bits on every machine.
inline double retention_priority(std::size_t rung, double objective) {
    return static_cast<double>(rung) + 0.5 - 0.5 * (objective / (1.0 + std::abs(objective)));
}

/// The same for several objectives: in (rung, rung + 0.5], by the number of members of its rung that dominate it.
inline double dominated_priority(std::size_t rung, std::uint64_t dominators) {
    return static_cast<double>(rung) + 1.0 / (2.0 + static_cast<double>(dominators));
}
/// Of those that may be promoted now: above all others of their rung.
inline double top_priority(std::size_t rung) { return static_cast<double>(rung) + 0.75; }

}  // namespace stemma
