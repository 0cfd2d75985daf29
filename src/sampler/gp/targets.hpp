#pragma once
// From raw objectives to what the model is fitted to.

#include <span>
#include <vector>

#include "sampler/gp/kernel.hpp"

namespace stemma::gp {

/// Objectives (smaller is better) with mean 0 and variance 1, in order. A non-finite one counts as a quarter of the
/// finite ones' range (1, if that is 0) worse than the worst of them. At least one must be finite. `warp`: see
/// standardise().
Vector targets(std::span<const double> objectives, bool warp);

}  // namespace stemma::gp
