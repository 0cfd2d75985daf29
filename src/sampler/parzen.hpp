#pragma once
// Parzen estimators on one coordinate of the unit cube: the densities l(x) and g(x) of TPE. Each is a mixture with one
// component for each observation, and the prior, which covers the whole coordinate. Used inside sampler/ only.

#include <cmath>
#include <cstdint>
#include <limits>
#include <span>
#include <vector>

#include "core/rng.hpp"
#include "sampler/trial_place.hpp"

namespace stemma {

/// Probability of a normal variable falling into [0, 1].
double unit_interval_mass(double mean, double deviation);
/// A draw of that variable given that it falls into [0, 1). Mean in [0, 1], deviation in (0, 1].
double draw_truncated_normal(double mean, double deviation, Stream& random);

/// The prior's component for numbers.
inline constexpr double prior_mean = 0.5;
inline constexpr double prior_deviation = 1.0;

/// Width of the kernel at each of the points. (Bergstra et al., "Algorithms for hyper-parameter optimization", NIPS
/// 2011, section 4, with the clipping of their code.) It is the larger of the distances to the two neighbors; at either
/// end the distance to the one neighbor; for a single point the distance to the farther end of [0, 1]. At least
/// 1 / min(100, n + 2), at least `narrowest`, and at most 1. `points` are ascending. O(n).
std::vector<double> neighbor_deviations(std::span<const TrialPlace> points, double narrowest);

/// The density of a mixture of normals truncated to [0, 1], with widths from neighbor_deviations().
class ParzenDensity {
public:
    /// `points` are ascending, `weights` >= 0 those of all trials by number, with or without a point. prior_weight > 0;
    /// narrowest: a stepped domain's half cell. O(n).
    ParzenDensity(std::span<const TrialPlace> points, std::span<const double> weights, double prior_weight,
                  double narrowest = 0);

    /// The density at x in [0, 1], > 0. A density above `enough` may be given as any value between the two. O(log n)
    /// and an exp() for each near component; components of more than twice the least width are all looked at.
    double density(double x, double enough = std::numeric_limits<double>::infinity()) const;
    /// Its natural logarithm; always finite.
    double log_density(double x) const { return std::log(density(x)); }

private:
    struct Component {
        double mean = 0;
        double precision = 0;  ///< 1 / (2 deviation^2)
        double factor = 0;     ///< before exp(): share / (deviation * sqrt(2 pi) * mass inside [0, 1])

        double density(double x) const;
    };

    std::vector<Component> narrow_;  ///< up to twice the least width; ascending in mean
    std::vector<Component> wide_;    ///< the others; the prior is the first
    double reach_ = 0;               ///< of the widest narrow component: it is negligible from here on
};

/// The same mixture, to draw from.
class ParzenMixture : public ParzenDensity {
public:
    /// As ParzenDensity.
    ParzenMixture(std::span<const TrialPlace> points, std::span<const double> weights, double prior_weight,
                  double narrowest = 0);

    double draw(Stream& random) const;

private:
    // Of each trial by number (one without a point has no share), the prior last.
    std::vector<double> means_;
    std::vector<double> deviations_;
    std::vector<double> cumulative_;  ///< share of this and the components before it
};

/// Probabilities of choices: a mixture of one component for each observation, with its weight, and of the prior, with
/// prior_weight. Let there be c choices and n observations, and s = prior_weight / (n + 1). The component of an
/// observation gives (1 + s) / (1 + c s) to its choice and s / (1 + c s) to any other. The prior gives 1 / c to each.
/// (Optuna's smoothing; product_kernels.hpp has the same.) Many copies of one choice thus leave the others more than
/// the prior's share.
class ParzenChoices {
public:
    ParzenChoices(std::size_t count, std::span<const std::uint32_t> seen, std::span<const double> weights,
                  double prior_weight);

    double log_probability(std::uint32_t choice) const;
    std::uint32_t draw(Stream& random) const;

private:
    std::vector<double> probabilities_;
};

/// An index drawn with probability in proportion to its weight. Weights >= 0, of positive sum.
std::size_t draw_index(std::span<const double> weights, Stream& random);

}  // namespace stemma
