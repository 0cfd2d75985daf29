#pragma once
#include <memory>

#include "scheduler/descriptor.hpp"

namespace stemma {

struct RandomSearchSettings {
    Resource max = 1;  ///< every member is trained to this; >= 1
};

/// Every configuration trained to the end, no stopping. Called random search, Sobol search or grid search after its
/// sampler. When max is raised, finished members go on to it in order of birth, before new ones are born.
std::unique_ptr<Scheduler> make_random_search(const RandomSearchSettings& settings);

std::vector<RungRow> expected_rungs(const RandomSearchSettings& settings, std::uint64_t members);

SchedulerDescriptor random_search_descriptor();
SchedulerDescriptor grid_search_descriptor();

}  // namespace stemma
