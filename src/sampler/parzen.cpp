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

namespace {

/// The least width of a kernel, beside a domain's own.
double least_deviation(std::size_t count) {
    return prior_deviation / std::min<double>(100, static_cast<double>(count) + 2);
}

}  // namespace

std::vector<double> neighbor_deviations(std::span<const TrialPlace> points, double narrowest) {
    const auto count = points.size();
    const double least = std::max(narrowest, least_deviation(count));
    std::vector<double> deviations(count);
    for (std::size_t k = 0; k < count; ++k) {
        const double here = points[k].unit;
        double left = k > 0 ? here - points[k - 1].unit : 0;
        double right = k + 1 < count ? points[k + 1].unit - here : 0;
        if (count == 1) left = here, right = 1 - here;
        deviations[k] = std::min(std::max({left, right, least}), prior_deviation);
    }
    return deviations;
}

ParzenDensity::ParzenDensity(std::span<const TrialPlace> points, std::span<const double> weights, double prior_weight,
                             double narrowest) {
    ensure(prior_weight > 0, "a mixture's prior has a weight");
    const double widest_narrow = 2 * std::max(narrowest, least_deviation(points.size()));
    reach_ = widest_narrow * std::sqrt(2 * negligible);
    double total = prior_weight;
    for (const auto [unit, trial] : points) total += weights[trial];
    const auto add = [&](std::vector<Component>& list, double mean, double deviation, double weight) {
        if (weight == 0) return;
        list.push_back({mean, 0.5 / (deviation * deviation),
                        weight / (total * deviation * root_two_pi * unit_interval_mass(mean, deviation))});
    };
    narrow_.reserve(points.size());
    add(wide_, prior_mean, prior_deviation, prior_weight);
    const auto deviations = neighbor_deviations(points, narrowest);
    for (std::size_t k = 0; k < points.size(); ++k) {
        const auto [unit, trial] = points[k];
        add(deviations[k] <= widest_narrow ? narrow_ : wide_, unit, deviations[k], weights[trial]);
    }
}

double ParzenDensity::Component::density(double x) const {
    const double distance = x - mean;
    const double exponent = distance * distance * precision;
    return exponent < negligible ? factor * std::exp(-exponent) : 0;
}

double ParzenDensity::density(double x, double enough) const {
    double sum = 0;
    for (const auto& one : wide_) sum += one.density(x);
    // From x outwards: the nearest components have the largest part.
    const auto middle = std::ranges::lower_bound(narrow_, x, {}, &Component::mean);
    auto left = middle;
    auto right = middle;
    const auto is_near = [&](const Component& one) { return std::abs(x - one.mean) < reach_; };
    bool any = true;
    while (any && sum <= enough) {
        any = false;
        if (left != narrow_.begin() && is_near(*std::prev(left))) sum += (--left)->density(x), any = true;
        if (right != narrow_.end() && is_near(*right)) sum += (right++)->density(x), any = true;
    }
    return sum;
}

ParzenMixture::ParzenMixture(std::span<const TrialPlace> points, std::span<const double> weights, double prior_weight,
                             double narrowest)
    : ParzenDensity(points, weights, prior_weight, narrowest),
      means_(weights.size() + 1, prior_mean),
      deviations_(weights.size() + 1, prior_deviation) {
    const auto deviations = neighbor_deviations(points, narrowest);
    std::vector<double> shares(weights.size() + 1, 0);
    shares.back() = prior_weight;
    for (std::size_t k = 0; k < points.size(); ++k) {
        const auto [unit, trial] = points[k];
        means_[trial] = unit;
        deviations_[trial] = deviations[k];
        shares[trial] = weights[trial];
    }
    const double total = std::accumulate(shares.begin(), shares.end() - 1, prior_weight);
    for (auto& share : shares) share /= total;
    cumulative_.resize(shares.size());
    std::partial_sum(shares.begin(), shares.end(), cumulative_.begin());
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
