#pragma once
// From job and search space to what moves in a member.

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "trainer/hypergradient.hpp"
#include "trainer/torch/hypergradient/raw_values.hpp"
#include "trainer/torch/hyperparameters.hpp"

namespace stemma {

/// Nothing without settings. Throws Infeasible where this configuration's update rule cannot be
/// differentiated (Nesterov, a schedule of the learning rate) or has no hyperparameter that moves.
std::optional<HyperStart> hyper_start(const std::optional<HypergradientSettings>& settings,
                                      const NamedConfiguration& configuration, const Hyperparameters& hyperparameters);

/// What hyper_start() would refuse every member for, of the job's constants. Throws UserError.
void check_differentiable(const std::map<std::string, Literal>& fixed, const SearchSpace& space);

/// `settings` with the hyperparameter gradient_clip in place of the key of the same name, where it is given.
HypergradientSettings with_clip(HypergradientSettings settings, const Hyperparameters& hyperparameters);

/// Names of a trajectory's columns.
std::vector<std::string> trajectory_columns();
/// Their values after `step` weight updates. Waits for the device.
std::vector<double> trajectory_row(std::int64_t step, const RawValues& values);

}  // namespace stemma
