#pragma once
#include <cstdint>
#include <vector>

#include "core/ids.hpp"

namespace stemma {

/// The resources of a bracket's rungs, ascending: min * eta^(s + k) <= max in integer arithmetic, and max itself as top
/// rung where it is no such power. min >= 1, max >= min * eta^s, eta >= 2 (UserError otherwise).
std::vector<Resource> rung_resources(Resource min, Resource max, std::int64_t eta, std::int64_t s = 0);

/// Most brackets that fit: the number of s >= 0 with min * eta^s <= max.
int bracket_count(Resource min, Resource max, std::int64_t eta);

/// `rungs` with further ones on top up to the larger `max`; the old ones stay, also an old top rung that is no power.
void extend_rungs(std::vector<Resource>& rungs, Resource min, Resource max, std::int64_t eta);

}  // namespace stemma
