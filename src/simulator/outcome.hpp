#pragma once
// How a lease's training goes: how long, and whether it fails. A function of (seed, lease) alone.

#include <optional>

#include "core/ids.hpp"
#include "simulator/settings.hpp"
#include "trainer/trainer.hpp"

namespace stemma {

struct Outcome {
    double seconds = 0;  ///< until the training ends, one way or the other
    FailureKind failure = FailureKind::none;
    bool nonfinite_metric = false;
    double seconds_per_unit = 0;  ///< with this lease's noise
};

Outcome draw_outcome(const SimulationSettings& settings, LeaseId lease, Resource units);

}  // namespace stemma
