#include "sampler/parzen.hpp"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <numeric>

#include "core/error.hpp"

namespace stemma {
namespace {

constexpr double root_two_pi = 2.5066282746310002;
/// exp(-40) = 4e-18 is negligible beside the prior's density, which is at least about 1e-3 with the usual weight and
/// cap.
constexpr double negligible = 40;
/// Deviations from the mean beyond which the mass of a normal variable is below a double's precision.
constexpr double far = 9;

}  // namespace

double unit_interval_mass(double mean, double deviation) {
    if (mean > far * deviation && 1 - mean > far * deviation) return 1;  // spares erf() for narrow kernels
    const double scale = 1 / (deviation * std::numbers::sqrt2);
    return 0.5 * (std::erf((1 - mean) * scale) + std::erf(mean * scale));
}

double draw_truncated_normal(double mean, double deviation, Stream& random) {
    // The mean is inside and the deviation at most 1: at least a third of the draws are inside.
    while (true) {
        const double x = mean + deviation * random.normal();
        if (x >= 0 && x < 1) return x;
    }
}

std::vector<double> neighbor_deviations(std::span<const double> points, double narrowest) {
    const auto count = points.size();
    // With the points beside their numbers the sort reads one block of memory: it is a large part of a proposal's time.
    std::vector<std::pair<double, std::size_t>> order(count);
    for (std::size_t i = 0; i < count; ++i) order[i] = {points[i], i};
    std::ranges::sort(order);
    const double least = std::max(narrowest, prior_deviation / std::min<double>(100, static_cast<double>(count) + 2));
    std::vector<double> deviations(count);
    for (std::size_t k = 0; k < count; ++k) {
        const double here = order[k].first;
        double left = k > 0 ? here - order[k - 1].first : 0;
        double right = k + 1 < count ? order[k + 1].first - here : 0;
        if (count == 1) left = here, right = 1 - here;
        deviations[order[k].second] = std::min(std::max({left, right, least}), prior_deviation);
    }
    return deviations;
}

ParzenMixture::ParzenMixture(std::span<const double> points, std::span<const double> weights, double prior_weight,
                             double narrowest) {
    ensure(points.size() == weights.size(), "each point of a mixture has a weight");
    ensure(prior_weight > 0, "a mixture's prior has a weight");
    const auto deviations = neighbor_deviations(points, narrowest);
    const double total = std::accumulate(weights.begin(), weights.end(), prior_weight);
    for (std::size_t i = 0; i < points.size(); ++i) add(points[i], deviations[i], weights[i] / total);
    add(prior_mean, prior_deviation, prior_weight / total);
}

void ParzenMixture::add(double mean, double deviation, double share) {
    if (share == 0) return;
    means_.push_back(mean);
    precisions_.push_back(0.5 / (deviation * deviation));
    factors_.push_back(share / (deviation * root_two_pi * unit_interval_mass(mean, deviation)));
    deviations_.push_back(deviation);
    cumulative_.push_back((cumulative_.empty() ? 0 : cumulative_.back()) + share);
}

double ParzenMixture::log_density(double x) const {
    double density = 0;
    for (std::size_t i = 0; i < means_.size(); ++i) {
        const double distance = x - means_[i];
        const double exponent = distance * distance * precisions_[i];
        if (exponent < negligible) density += factors_[i] * std::exp(-exponent);
    }
    return std::log(density);
}

double ParzenMixture::draw(Stream& random) const {
    const double at = random.uniform() * cumulative_.back();
    const auto found = static_cast<std::size_t>(std::ranges::upper_bound(cumulative_, at) - cumulative_.begin());
    const auto chosen = std::min(found, means_.size() - 1);
    return draw_truncated_normal(means_[chosen], deviations_[chosen], random);
}

ParzenChoices::ParzenChoices(std::size_t count, std::span<const std::uint32_t> seen, std::span<const double> weights,
                             double prior_weight)
    : probabilities_(count) {
    ensure(seen.size() == weights.size(), "each observation of a choice has a weight");
    const auto choices = static_cast<double>(count);
    const double smoothing = prior_weight / static_cast<double>(seen.size() + 1);
    const double kept = 1 / (1 + choices * smoothing);  // of an observation's weight, by its own choice alone
    const double observed = std::accumulate(weights.begin(), weights.end(), 0.0);
    const double total = observed + prior_weight;
    for (std::size_t i = 0; i < seen.size(); ++i) probabilities_[seen[i]] += kept * weights[i];
    for (auto& probability : probabilities_) probability += ((1 - kept) * observed + prior_weight) / choices;
    for (auto& probability : probabilities_) probability /= total;
}

double ParzenChoices::log_probability(std::uint32_t choice) const { return std::log(probabilities_[choice]); }

std::uint32_t ParzenChoices::draw(Stream& random) const {
    return static_cast<std::uint32_t>(draw_index(probabilities_, random));
}

std::size_t draw_index(std::span<const double> weights, Stream& random) {
    const double at = random.uniform() * std::accumulate(weights.begin(), weights.end(), 0.0);
    double sum = 0;
    std::size_t last = 0;
    for (std::size_t i = 0; i < weights.size(); ++i) {
        if (weights[i] <= 0) continue;
        sum += weights[i];
        last = i;
        if (at < sum) break;
    }
    return last;
}

}  // namespace stemma
