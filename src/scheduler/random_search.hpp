#pragma once
#include <memory>

#include "scheduler/descriptor.hpp"

namespace stemma {

struct RandomSearchSettings {
    Resource max = 1;  ///< every member is trained to this; >= 1
};

/// Every configuration trained to the end, no stopping: random search, Sobol search or grid search by the sampler's
/// name. When max is raised, members that have finished go on to it, in order of birth, before new ones are born.
std::unique_ptr<Scheduler> make_random_search(const RandomSearchSettings& settings);

std::vector<RungRow> expected_rungs(const RandomSearchSettings& settings, std::uint64_t members);

SchedulerDescriptor random_search_descriptor();
SchedulerDescriptor grid_search_descriptor();

}  // namespace stemma
