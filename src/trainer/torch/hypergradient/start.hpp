#pragma once
// From job and search space to what moves in a member.

#include <optional>
#include <string>
#include <vector>

#include "trainer/torch/hypergradient/raw_values.hpp"
#include "trainer/torch/hyperparameters.hpp"
#include "trainer/torch/torch_trainer.hpp"

namespace stemma {

/// Nothing without settings.hypergradient. Throws Infeasible where this configuration's update rule cannot be
/// differentiated (Nesterov, a schedule of the learning rate) or has no hyperparameter that moves.
std::optional<HyperStart> hyper_start(const TorchSettings& settings, const NamedConfiguration& configuration,
                                      const Hyperparameters& hyperparameters);

/// Throws UserError: a role "hypergradient" for what is no hyperparameter of the weight update, or a variant with
/// nothing to move. What has the role but is not moved by the variant stays constant, so that one space serves all
/// variants.
void check_moving(const TorchSettings& settings, const SearchSpace& space);

/// Names of a trajectory's columns, in the order in which a member gives them.
std::vector<std::string> trajectory_columns();

}  // namespace stemma
