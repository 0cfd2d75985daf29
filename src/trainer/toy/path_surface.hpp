#pragma once
// Analytic trainings whose result depends on the whole schedule of one hyperparameter: for populations.

#include <cmath>
#include <cstdint>

#include "core/ids.hpp"

namespace stemma {

/// The optimum of MovingOptimum falls with progress p: 0.9 - 0.8 p / (p + 10). A unit at x adds exp(-((x - x*) / w)^2).
inline double moving_gain(double x, double progress, double width) {
    const double best = 0.9 - 0.8 * progress / (progress + 10);
    const double away = (x - best) / width;
    return std::exp(-away * away);
}

/// x in [0, 1] is the first coordinate of the configuration in the unit cube. Steps: 20 in a unit, except "moving".
///
///  plain       PBT-Zoo's benign toy. h = 0.0001 + 1.0999 x, theta = 0.9 at first; a step: theta -= 0.002 (2 - h)
///  theta.
///              The loss is theta^2: the lowest h is always best.
///  deceptive   PBT-Zoo's "TimeLinkedToy" (Chebykin, Alderliesten, Bosman, TMLR 2025, section 5.2; code of 2025-07-28):
///              each unit, the i-th of M, first adds |h - (1 - (i - 1) / M)| to a debt D, which slows all later steps:
///              theta -= 0.002 max(2 - h - 0.2 D, 0) theta. The loss is theta^2 before the unit's last step. M is the
///              largest resource of the search, 50 in the paper. A lower h is better in the next 8 units, and worse
///              afterwards. Its score is 1.2 - loss. With M = 50: best schedule 1.19793, best fixed h 1.09703, greedy
///              0.82697.
///  moving      MovingOptimum of width 0.1: loss 1 / (1 + progress). Frequent adaptation pays.
///  decay       a learning rate that must fall like 1 / t: h = 10^(3 x - 3), m = 100 at first; a step: m = (1 - h)^2 m
///  +
///              h^2. The loss is log10(m / 2): the best schedule reaches -3.29446 in 50 units, the best fixed h
///              -2.76010.
///  curvatures  as decay, with curvatures a = 1 and 0.005, m = 1 and 400 at first; a step: m = (1 - h a)^2 m + 4 a h^2.
///              The loss is log10(sum of a m / 2). Short horizons mislead (after Wu, Ren, Liao, Grosse, ICLR 2018).
enum class PathKind : std::uint8_t { plain, deceptive, moving, decay, curvatures };

/// The state of a training, which a snapshot holds.
struct PathState {
    double first = 0;   ///< theta, progress, or m of the first curvature
    double second = 0;  ///< D, or m of the second curvature
    double loss = 0;    ///< after the last unit, or of the start
};

PathState path_start(PathKind kind);
/// Trains for one unit, the unit-th of `max` (>= 1, counted from 1). O(1).
PathState path_unit(PathKind kind, PathState state, double x, Resource unit, Resource max);

}  // namespace stemma
