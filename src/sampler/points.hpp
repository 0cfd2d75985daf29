#pragma once
#include <memory>
#include <vector>

#include "sampler/sampler.hpp"

namespace stemma {

/// The configurations `first`, one for each of the first request indices, then what `then` proposes (nothing if it is
/// null). For `then` request indices count from 0 again. `then` sees every born(), observe() and given_up(), also for
/// the given points. For a request with a parent the inherited values (inheritance.hpp) replace the point's. Throws
/// UserError, naming the point, when a point is not valid in `space`.
std::unique_ptr<Sampler> make_points_sampler(std::shared_ptr<const SearchSpace> space, std::vector<Configuration> first,
                                             std::unique_ptr<Sampler> then);

}  // namespace stemma
