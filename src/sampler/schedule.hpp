#pragma once
#include <memory>
#include <vector>

#include "sampler/sampler.hpp"

namespace stemma {

/// Proposes the stages of a schedule in order. A member from scratch gets the first stage, a child the stage after its
/// parent's, a child of the last stage nothing. A lineage that has to begin again therefore gets its schedule again. 4
/// bytes for each member. Throws UserError naming the stage if there is no stage, or if a configuration is not of the
/// space. It also throws if a hyperparameter that children inherit changes.
std::unique_ptr<Sampler> make_schedule_sampler(const std::shared_ptr<const SearchSpace>& space,
                                               std::vector<Configuration> stages);

}  // namespace stemma
