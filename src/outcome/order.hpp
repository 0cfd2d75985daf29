#pragma once
// The one order over outcomes, for all parts that compare members.

#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <vector>

#include "outcome/outcome.hpp"

namespace stemma {

/// The first `need` places (all, if there are fewer) as indices into `candidates`, best first:
///   1. feasible ones, front after front (fronts.hpp), inside a front farthest first (spread.hpp);
///   2. then the others by violation, the least first.
/// The diverged have no place. Ties go to the lower member. All have the same number of objectives. With one objective
/// and without violations: ascending by (objective, member). The first places do not depend on `need`, and the result
/// does not depend on the order of `candidates`; members differ.
///
/// O(n log n), three objectives O(n log^2 n); and, for each front that is needed, its size times at most 512.
std::vector<std::uint32_t> order_of(std::span<const Candidate> candidates,
                                    std::size_t need = std::numeric_limits<std::size_t>::max());

}  // namespace stemma
