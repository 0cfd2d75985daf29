#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "core/ids.hpp"

namespace stemma {

/// The resources of an asynchronous bracket's rungs, ascending: min * eta^(s + k) <= max in integer arithmetic. max is
/// always the top rung: rungs(1, 10, 3) = 1 3 9 10. min >= 1, max >= min * eta^s, eta >= 2, s >= 0 (UserError
/// otherwise). Nothing overflows for any arguments.
std::vector<Resource> rung_resources(Resource min, Resource max, std::int64_t eta, std::int64_t s = 0);

/// The rungs of a synchronous bracket: max and, below it, floor(max / eta^k) >= min, without the lowest s of them
/// (rungs(1, 100, 3) = 1 3 11 33 100). There are as many as powers of eta fit, so that a bracket of eta^k members has
/// one left for max. Same errors.
std::vector<Resource> halving_resources(Resource min, Resource max, std::int64_t eta, std::int64_t s = 0);

/// The largest number of brackets: the number of s >= 0 with min * eta^s <= max. Same errors.
int bracket_count(Resource min, Resource max, std::int64_t eta);

/// `rungs` (of any s) with further rungs on top up to the larger `max`: the powers of eta above the old top, and max
/// itself. The old rungs stay, also an old top that is no power: 1 3 9 10 extended to 40 is 1 3 9 10 27 40.
void extend_rungs(std::vector<Resource>& rungs, Resource min, Resource max, std::int64_t eta);

/// The same for synchronous brackets: eta times the old top and so on, and max itself.
void extend_halving(std::vector<Resource>& rungs, Resource max, std::int64_t eta);

/// " 1 3 9", for describe().
std::string ladder_text(const std::vector<Resource>& rungs);

}  // namespace stemma
