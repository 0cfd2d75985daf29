#pragma once
// From raw objectives to the targets of the fit.

#include <span>
#include <vector>

#include "sampler/gp/kernel.hpp"

namespace stemma::gp {

/// Objectives (smaller is better) with mean 0 and variance 1, in order. A non-finite objective counts as worse than the
/// worst finite one, by a quarter of the finite range (by 1 if that range is 0). At least one must be finite. `warp`:
/// see standardize().
Vector targets(std::span<const double> objectives, bool warp);

}  // namespace stemma::gp
