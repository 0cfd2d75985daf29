#pragma once
// Tables of rungs as they are expected: each scheduler's expected_rungs() stands beside it.

#include <cstdint>
#include <vector>

#include "scheduler/scheduler.hpp"

namespace stemma {

/// Adds `times` brackets of `members` members to the rows of bracket number `bracket`: floor(members / eta^k) in rung
/// k, at least `least` (0 if there are no members).
void add_bracket(std::vector<RungRow>& rows, int bracket, const std::vector<Resource>& resources, std::int64_t eta,
                 std::uint64_t members, std::uint64_t times, std::uint64_t least);

/// Training that such a table means: each rung's members times the resource that it adds to the rung below.
Resource expected_resource(const std::vector<RungRow>& rungs);

}  // namespace stemma
