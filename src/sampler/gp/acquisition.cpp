#include "sampler/gp/acquisition.hpp"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "core/error.hpp"

namespace stemma::gp {
namespace {

/// Below this, z counts as the far tail. Above, the closed form loses about one digit at most.
constexpr double tail = -3;

double log_density(double z) { return -0.5 * z * z - 0.5 * std::log(2 * std::numbers::pi); }
double density(double z) { return std::exp(log_density(z)); }
double cumulative(double z) { return 0.5 * std::erfc(-z / std::numbers::sqrt2); }

/// I_0 / phi and I_1 / I_0 at t >= 3, where I_0(t) = 1 - Phi(t) and I_1 is its integral from t on. From
/// I_{n-1} = t I_n + (n + 1) I_{n+1}: I_n / I_{n-1} = 1 / (t + (n + 1) I_{n+1} / I_n).
struct Ratios {
    double first, second;
};
Ratios tail_ratios(double t) {
    constexpr int terms = 60;
    double ratio = 0;
    for (int n = terms; n >= 1; --n) ratio = 1 / (t + (n + 1) * ratio);
    return {1 / (t + ratio), ratio};
}

}  // namespace

LogValue log_improvement(double z) {
    if (z > tail) {
        const double value = density(z) + z * cumulative(z);
        return {std::log(value), cumulative(z) / value};
    }
    const auto ratios = tail_ratios(-z);
    return {log_density(z) + std::log(ratios.first * ratios.second), 1 / ratios.second};
}

LogValue log_probability(double z) {
    if (z > tail) return {std::log(cumulative(z)), density(z) / cumulative(z)};
    const auto ratios = tail_ratios(-z);
    return {log_density(z) + std::log(ratios.first), 1 / ratios.first};
}

Score score(Acquisition acquisition, double mean, double deviation, double best, double kappa) {
    if (acquisition == Acquisition::lcb) return {kappa * deviation - mean, -1, kappa};
    ensure(acquisition != Acquisition::ensemble, "an ensemble has no score of a single point");
    deviation = std::max(deviation, 1e-9);
    const double z = (best - mean) / deviation;
    const bool improvement = acquisition == Acquisition::log_ei;
    const auto log_value = improvement ? log_improvement(z) : log_probability(z);
    // z falls by 1 / deviation with the mean and by z / deviation with the deviation.
    return {log_value.value + (improvement ? std::log(deviation) : 0), -log_value.slope / deviation,
            (improvement ? 1 / deviation : 0) - log_value.slope * z / deviation};
}

Score log_score(Acquisition acquisition, double mean, double deviation, double best, double kappa) {
    auto there = score(acquisition, mean, deviation, best, kappa);
    if (acquisition != Acquisition::lcb) return there;
    constexpr double least = 1e-12;
    const double gain = best + there.value;
    if (gain <= least) return {std::log(least), 0, 0};
    return {std::log(gain), there.by_mean / gain, there.by_deviation / gain};
}

Score log_feasible(double mean, double deviation) { return score(Acquisition::log_pi, mean, deviation, 0, 0); }

}  // namespace stemma::gp
