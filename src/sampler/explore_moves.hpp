#pragma once
// One parameter's perturbation. Inside sampler/ only.

#include "core/rng.hpp"
#include "sampler/explore.hpp"

namespace stemma {

/// `value` (in the parameter's domain, not Inactive) moved as ExploreSettings says. The result is in the domain.
Value perturb(const Parameter& parameter, const Axis& axis, const Value& value, const ExploreSettings& settings,
              Stream& random);

}  // namespace stemma
