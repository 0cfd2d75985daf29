#pragma once
#include <algorithm>
#include <cmath>

namespace stemma {

/// Models propose what can be trained with at least this probability, if they know such a configuration. Otherwise an
/// objective that falls towards the failing region outweighs any small probability. Gelbart, Snoek, Adams, "Bayesian
/// optimization with unknown constraints", UAI 2014, put this condition on the probability.
inline constexpr double least_feasibility = 0.85;
/// Score that is lost for each unit by which the logarithm of the probability is too small: far more than scores differ
/// by.
inline constexpr double feasibility_slope = 1000;

/// What the score of a candidate loses; 0 if all constraints hold with probability least_feasibility. `log_feasible` is
/// the logarithm of that probability.
inline double feasibility_penalty(double log_feasible) {
    return feasibility_slope * std::max(0.0, std::log(least_feasibility) - log_feasible);
}

}  // namespace stemma
