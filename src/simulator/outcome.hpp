#pragma once
// The outcome of a lease's training: its duration, and whether it fails. A function of (seed, lease) alone.

#include <optional>

#include "core/ids.hpp"
#include "simulator/settings.hpp"
#include "trainer/trainer.hpp"

namespace stemma {

struct LeaseOutcome {
    double seconds = 0;  ///< until the training ends, in any way
    FailureKind failure = FailureKind::none;
    bool nonfinite_metric = false;
    double seconds_per_unit = 0;  ///< with this lease's noise
};

LeaseOutcome draw_outcome(const SimulationSettings& settings, LeaseId lease, Resource units);

}  // namespace stemma
