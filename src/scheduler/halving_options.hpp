#pragma once
// Conditions on several keys that all schedulers with rungs share.

#include <cstdint>
#include <vector>

#include "core/ids.hpp"
#include "options/field.hpp"

namespace stemma {

/// min <= max, and as many rungs between them as `early_stopping_rate` and `brackets` need.
std::vector<Contradiction> halving_contradictions(Resource min, Resource max, std::int64_t eta, int early_stopping_rate,
                                                  int brackets);

}  // namespace stemma
