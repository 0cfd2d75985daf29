#pragma once
#include <cstddef>

#include "simulator/simulator.hpp"
#include "trainer/toy/surface.hpp"

namespace stemma {

/// The toy trainer's analytic surface as the learning curve of a job whose rows have `metrics` values. The loss is in
/// column `metric` (1 - loss if the metric is maximized), NaN in the others.
LearningCurve surface_curve(Surface surface, SearchSpace space, std::size_t metrics, std::size_t metric, bool maximize);

}  // namespace stemma
