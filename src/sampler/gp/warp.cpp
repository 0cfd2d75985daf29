#include "sampler/gp/warp.hpp"

#include <algorithm>
#include <boost/math/tools/minima.hpp>
#include <cmath>
#include <cstdint>
#include <limits>
#include <numeric>

namespace stemma::gp {
namespace {

constexpr double edge = 1e-9;

struct Moments {
    double mean = 0;
    double variance = 0;  ///< with divisor n
};

Moments moments(std::span<const double> values) {
    Moments result;
    const auto count = static_cast<double>(values.size());
    for (const double value : values) result.mean += value / count;
    for (const double value : values) result.variance += (value - result.mean) * (value - result.mean) / count;
    return result;
}

/// Value at rank `share` of sorted values, linear between ranks.
double quantile(const std::vector<double>& sorted, double share) {
    const double rank = share * static_cast<double>(sorted.size() - 1);
    const auto below = static_cast<std::size_t>(rank);
    const auto above = std::min(below + 1, sorted.size() - 1);
    return std::lerp(sorted[below], sorted[above], rank - static_cast<double>(below));
}

/// Halved before differences are taken, because a difference of doubles may exceed a double.
std::vector<double> robustly_scaled(std::span<const double> values) {
    std::vector<double> scaled;
    scaled.reserve(values.size());
    for (const double value : values) scaled.push_back(value / 2);
    auto sorted = scaled;
    std::ranges::sort(sorted);
    const double middle = quantile(sorted, 0.5);
    double width = quantile(sorted, 0.75) - quantile(sorted, 0.25);
    if (width <= 0) width = sorted.back() - sorted.front();
    if (width <= 0) return std::vector<double>(values.size(), 0.0);
    for (auto& value : scaled) value = std::clamp((value - middle) / width, -1e6, 1e6);
    return scaled;
}

}  // namespace

Kumaraswamy kumaraswamy(double x, double a, double b) {
    x = std::clamp(x, edge, 1 - edge);
    const double log_x = std::log(x);
    const double power = std::exp(a * log_x);    // x^a
    const double rest = -std::expm1(a * log_x);  // 1 - x^a, exact near x = 1
    const double log_rest = std::log(rest);
    const double tail = std::exp(b * log_rest);  // (1 - x^a)^b
    const double by_power = b * tail / rest;     // of w by x^a
    return {.value = -std::expm1(b * log_rest),
            .d_x = by_power * a * power / x,
            .d_log_a = by_power * power * a * log_x,
            .d_log_b = -tail * log_rest * b};
}

double yeo_johnson(double y, double lambda) {
    // Both branches are expm1(p log(1 + |y|)) / p, whose limit for p -> 0 is the logarithm.
    const double power = y >= 0 ? lambda : 2 - lambda;
    const double log_size = std::log1p(std::abs(y));
    const double size = std::abs(power) < 1e-12 ? log_size : std::expm1(power * log_size) / power;
    return y >= 0 ? size : -size;
}

double yeo_johnson_slope(double y, double lambda) {
    return std::exp((y >= 0 ? lambda - 1 : 1 - lambda) * std::log1p(std::abs(y)));
}

double yeo_johnson_likelihood(std::span<const double> values, double lambda) {
    std::vector<double> transformed;
    transformed.reserve(values.size());
    double log_slopes = 0;
    for (const double value : values) {
        transformed.push_back(yeo_johnson(value, lambda));
        log_slopes += std::copysign(std::log1p(std::abs(value)), value);
    }
    const double variance = moments(transformed).variance;
    if (!(variance > 0)) return -std::numeric_limits<double>::infinity();
    return -0.5 * static_cast<double>(values.size()) * std::log(variance) + (lambda - 1) * log_slopes;
}

double fit_yeo_johnson(std::span<const double> values) {
    if (values.empty() || moments(values).variance <= 0) return 1;
    constexpr int bits = 20;
    std::uintmax_t steps = 60;
    const auto cost = [values](double lambda) { return -yeo_johnson_likelihood(values, lambda); };
    return boost::math::tools::brent_find_minima(cost, -2.0, 4.0, bits, steps).first;
}

std::vector<double> standardize(std::span<const double> values, bool warp) {
    if (values.empty()) return {};
    auto result = robustly_scaled(values);
    if (warp) {
        const double lambda = fit_yeo_johnson(result);
        for (auto& value : result) value = yeo_johnson(value, lambda);
    }
    const auto [mean, variance] = moments(result);
    const double scale = variance > 0 ? 1 / std::sqrt(variance) : 0;
    for (auto& value : result) value = (value - mean) * scale;
    return result;
}

}  // namespace stemma::gp
