#pragma once
// Hyperparameters by maximum a posteriori.

#include <optional>
#include <vector>

#include "sampler/gp/posterior.hpp"

namespace stemma::gp {

/// Normal priors of the LOGARITHMS of the hyperparameters, and bounds. For targets of variance 1 and coordinates in [0,
/// 1], d of them continuous:
///
/// | hyperparameter    | median          | sd of log | bounds        |
/// | signal variance   | 1               | 1         | 0.05 .. 20    |
/// | noise variance    | 1e-3            | 2         | 1e-6 .. 1     |
/// | length            | 0.3 sqrt(d)     | 1         | 0.02 .. 50    |
/// | weight (category) | 0.5             | 1         | 0.005 .. 10   |
/// | decay rate        | 0.05            | 1         | 1e-4 .. 2     |
/// | warp a, b         | 1 (no warp)     | 0.5       | 0.2 .. 5      |
///
/// Lengths grow with sqrt(d), as the distances between random points do (Hvarfner et al., ICML 2024). The priors are
/// weak if there are many data. With few data they keep the model near a smooth function with little noise.
struct Prior {
    Vector mean, deviation, lower, upper;

    explicit Prior(const Shape& shape);
    /// Logarithm of the density up to a constant. Adds its gradient to `gradient`.
    double add(const Vector& log_parameters, Vector& gradient) const;
};

struct Fit {
    Vector log_parameters;
    double value = 0;  ///< log likelihood + log prior
    int evaluations = 0;
};

/// The best optimum from each of `starts` (log hyperparameters), with `evaluations` likelihoods for each: O(n^3) each.
/// Nothing if the likelihood could not be evaluated at all.
std::optional<Fit> fit(const Shape& shape, const Inputs& inputs, const Vector& targets,
                       const std::vector<Vector>& starts, int evaluations);

/// The arguments of fit(), kept for a later run on any thread.
struct FitTask {
    Shape shape;
    Inputs inputs;
    Vector targets;
    std::vector<Vector> starts;
    int evaluations = 1;

    std::optional<Fit> run() const { return fit(shape, inputs, targets, starts, evaluations); }
};

/// Starts without an earlier model: the prior's medians; the same with lengths divided by 3 and little noise (a rough
/// function); the same with much noise.
std::vector<Vector> cold_starts(const Shape& shape);

}  // namespace stemma::gp
