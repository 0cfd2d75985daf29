#pragma once
// What moves in a member, from the job and the search space.

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "trainer/hypergradient.hpp"
#include "trainer/torch/hypergradient/raw_values.hpp"
#include "trainer/torch_library/hyperparameters.hpp"

namespace stemma {

/// Nothing without settings. Throws Infeasible where this configuration's update rule cannot be
/// differentiated (Nesterov, a schedule of the learning rate) or has no hyperparameter that moves.
std::optional<HyperStart> hyper_start(const std::optional<HypergradientSettings>& settings,
                                      const NamedConfiguration& configuration, const Hyperparameters& hyperparameters);

/// Throws UserError for constants of the job with which hyper_start() would refuse every member.
void check_differentiable(const std::map<std::string, Literal>& fixed, const SearchSpace& space);

/// `settings`, with the hyperparameter gradient_clip (if given) in place of the key of this name.
HypergradientSettings with_clip(HypergradientSettings settings, const Hyperparameters& hyperparameters);

/// Names of a trajectory's columns.
std::vector<std::string> trajectory_columns();
/// The values of these columns after `step` weight updates. Waits for the device.
std::vector<double> trajectory_row(std::int64_t step, const RawValues& values);

}  // namespace stemma
