#pragma once
#include <memory>
#include <vector>

#include "sampler/sampler.hpp"

namespace stemma {

/// Proposes the stages of a schedule in order: the first one to a member from scratch, to a child the stage after its
/// parent's, to a child of the last stage nothing. So a lineage that has to begin again gets its schedule again. 4
/// bytes a member. Throws UserError naming the stage when there is none, a configuration is not of the space, or a
/// hyperparameter that children inherit changes.
std::unique_ptr<Sampler> make_schedule_sampler(const std::shared_ptr<const SearchSpace>& space,
                                               std::vector<Configuration> stages);

}  // namespace stemma
