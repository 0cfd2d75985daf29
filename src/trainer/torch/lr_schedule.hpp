#pragma once
#include "trainer/torch_library/hyperparameters.hpp"

namespace stemma {

/// Factor of the learning rate for the step that begins after `trained` units of the member's own training. `step` is
/// the length of one step in that unit. A linear warm-up comes first, and its first step already has a positive rate.
/// The factor is then constant, or a half cosine down to 0 at the horizon and beyond, or drops every step_size.
double lr_schedule_factor(const Hyperparameters& hyperparameters, double trained, double step);

}  // namespace stemma
