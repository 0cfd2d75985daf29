#include "scheduler/welch.hpp"

#include <algorithm>
#include <cmath>

#include <boost/math/distributions/students_t.hpp>

namespace stemma {

namespace {

struct Moments {
    double mean = 0;
    double variance_of_mean = 0;
};

/// Moments of the values times 2^-exponent.
Moments moments(std::span<const double> values, int exponent) {
    const auto n = static_cast<double>(values.size());
    Moments result;
    for (const double value : values) result.mean += std::ldexp(value, -exponent) / n;
    for (const double value : values) {
        const double deviation = std::ldexp(value, -exponent) - result.mean;
        result.variance_of_mean += deviation * deviation / (n * (n - 1));
    }
    return result;
}

/// Binary exponent of the largest magnitude: the test does not depend on the unit, and squares of values near 1 stay in
/// range.
int exponent_of(std::span<const double> a, std::span<const double> b) {
    double largest = 0;
    for (const double value : a) largest = std::max(largest, std::abs(value));
    for (const double value : b) largest = std::max(largest, std::abs(value));
    return largest > 0 ? std::ilogb(largest) + 1 : 0;
}

}  // namespace

double welch_p_value(std::span<const double> a, std::span<const double> b) {
    const auto finite = [](double value) { return std::isfinite(value); };
    if (a.size() < 2 || b.size() < 2 || !std::ranges::all_of(a, finite) || !std::ranges::all_of(b, finite)) return 1;
    const int exponent = exponent_of(a, b);
    const auto x = moments(a, exponent);
    const auto y = moments(b, exponent);
    const double variance = x.variance_of_mean + y.variance_of_mean;
    if (variance <= 0) return x.mean < y.mean ? 0 : 1;
    const double t = (x.mean - y.mean) / std::sqrt(variance);
    const double share = x.variance_of_mean / variance;
    const double degrees = 1 / (share * share / static_cast<double>(a.size() - 1) +
                                (1 - share) * (1 - share) / static_cast<double>(b.size() - 1));
    return boost::math::cdf(boost::math::students_t(degrees), t);
}

}  // namespace stemma
