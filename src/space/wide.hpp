#pragma once
// Linear ranges over several decades, as a model sees them.

#include <memory>

#include "space/search_space.hpp"

namespace stemma {

/// Ratio of the bounds from which a linear range spans decades.
inline constexpr double wide_ratio = 1000;

/// A real without step that is linear over such a range.
bool spans_decades(const Real& real);

/// The space with the coordinates that samplers with a model use: where a range spans decades, four of five draws are
/// log-uniform and one is linear (Scale::mixed). Ours: uniform draws of a learning rate from 1e-5 to 1 are below 1e-2
/// once in a hundred. A kernel on that scale does not tell 1e-4 from 1e-3. The same pointer if there is no such
/// range. Samplers that promise even draws (random, sobol, grid) do not use it.
std::shared_ptr<const SearchSpace> with_model_scales(const std::shared_ptr<const SearchSpace>& space);

}  // namespace stemma
