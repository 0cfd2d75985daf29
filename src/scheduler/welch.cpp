#include "scheduler/welch.hpp"

#include <cmath>

#include <boost/math/distributions/students_t.hpp>

namespace stemma {

namespace {

struct Moments {
    double mean = 0;
    double variance_of_mean = 0;
};

Moments moments(std::span<const double> values) {
    const auto n = static_cast<double>(values.size());
    Moments result;
    for (const double value : values) result.mean += value / n;
    for (const double value : values)
        result.variance_of_mean += (value - result.mean) * (value - result.mean) / (n * (n - 1));
    return result;
}

}  // namespace

double welch_p_value(std::span<const double> a, std::span<const double> b) {
    if (a.size() < 2 || b.size() < 2) return 1;
    const auto x = moments(a);
    const auto y = moments(b);
    const double variance = x.variance_of_mean + y.variance_of_mean;
    if (variance <= 0) return x.mean < y.mean ? 0 : 1;
    const double t = (x.mean - y.mean) / std::sqrt(variance);
    const double degrees = variance * variance /
                           (x.variance_of_mean * x.variance_of_mean / static_cast<double>(a.size() - 1) +
                            y.variance_of_mean * y.variance_of_mean / static_cast<double>(b.size() - 1));
    return boost::math::cdf(boost::math::students_t(degrees), t);
}

}  // namespace stemma
