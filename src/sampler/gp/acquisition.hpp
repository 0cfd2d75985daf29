#pragma once
// The value of a point, given a normal prediction of its objective (minimized). Larger is better.

#include "sampler/gp/settings.hpp"

namespace stemma::gp {

using Acquisition = GpAcquisition;

/// log(phi(z) + z Phi(z)) and its derivative, accurate to a few ulps for all z down to -1e150. LogEI of Ament et al.
/// (NeurIPS 2023, eq. 9), computed by the continued fraction of the repeated integrals of the normal distribution. The
/// fraction loses no digits (Abramowitz and Stegun 7.2.5 and 26.2.14).
struct LogValue {
    double value = 0;
    double slope = 0;
};
LogValue log_improvement(double z);
/// log Phi(z) and its derivative, to the same accuracy.
LogValue log_probability(double z);

struct Score {
    double value = 0;
    double by_mean = 0;
    double by_deviation = 0;
};

/// log_ei: log E[max(0, best - f)]; log_pi: log P[f < best]; lcb: -(mean - kappa * deviation). A `deviation` below 1e-9
/// counts as 1e-9. `ensemble` is not a function of a single point.
Score score(Acquisition acquisition, double mean, double deviation, double best, double kappa);

/// As score(), on a logarithmic scale for each function, so that the logarithm of a probability can be added: lcb is
/// log max(1e-12, best - (mean - kappa * deviation)).
Score log_score(Acquisition acquisition, double mean, double deviation, double best, double kappa);

/// log P[g < 0] of a normal g. A `deviation` below 1e-9 counts as 1e-9.
Score log_feasible(double mean, double deviation);

}  // namespace stemma::gp
