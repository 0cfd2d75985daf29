#pragma once
#include <memory>

#include "case.hpp"
#include "scheduler/scheduler.hpp"

namespace stemma::testing {

/// With rungs 1, eta, eta^2, ... max; PBT and GPBT with all their variants, drawn from the seed. `members` is SHA's n.
/// Several objectives for random, sha, hyperband, asha and asha_hyperband alone.
std::unique_ptr<Scheduler> make_scheduler(Kind kind, std::uint32_t eta, Resource max, std::uint64_t members,
                                          std::uint64_t seed, std::size_t objectives = 1);

PbtSettings drawn_pbt(Resource max, std::uint64_t seed);
GpbtSettings drawn_gpbt(Resource max, std::uint64_t seed);

}  // namespace stemma::testing
