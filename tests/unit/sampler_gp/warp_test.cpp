#include "sampler/gp/warp.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <vector>

#include "core/rng.hpp"

namespace stemma::gp::test {
namespace {

/// Fourth order.
template <class Function>
double slope(const Function& function, double at, double step = 1e-4) {
    return (8 * (function(at + step) - function(at - step)) - (function(at + 2 * step) - function(at - 2 * step))) /
           (12 * step);
}

TEST(Kumaraswamy, KnownValues) {
    EXPECT_NEAR(kumaraswamy(0.3, 1, 1).value, 0.3, 1e-15);
    EXPECT_NEAR(kumaraswamy(0.5, 2, 3).value, 1 - 0.75 * 0.75 * 0.75, 1e-15);
    EXPECT_NEAR(kumaraswamy(0.25, 0.5, 1).value, 0.5, 1e-15);
    EXPECT_NEAR(kumaraswamy(0, 2, 2).value, 0, 1e-15);
    EXPECT_NEAR(kumaraswamy(1, 2, 2).value, 1, 1e-15);
}

TEST(Kumaraswamy, DerivativesEqualFiniteDifferences) {
    for (const double x : {0.01, 0.2, 0.5, 0.77, 0.99}) {
        for (const double a : {0.3, 1.0, 2.5}) {
            for (const double b : {0.4, 1.0, 3.0}) {
                const auto at = kumaraswamy(x, a, b);
                const auto near = [](double value) { return 1e-6 * std::max(1.0, std::abs(value)); };
                EXPECT_NEAR(at.d_x, slope([&](double v) { return kumaraswamy(v, a, b).value; }, x), near(at.d_x));
                EXPECT_NEAR(at.d_log_a,
                            slope([&](double v) { return kumaraswamy(x, std::exp(v), b).value; }, std::log(a)), 1e-9);
                EXPECT_NEAR(at.d_log_b,
                            slope([&](double v) { return kumaraswamy(x, a, std::exp(v)).value; }, std::log(b)), 1e-9);
            }
        }
    }
}

TEST(Kumaraswamy, EverythingIsFiniteAtTheEdges) {
    for (const double x : {-1.0, 0.0, 1.0, 2.0}) {
        for (const double a : {0.2, 5.0}) {
            const auto at = kumaraswamy(x, a, a);
            for (const double part : {at.value, at.d_x, at.d_log_a, at.d_log_b}) EXPECT_TRUE(std::isfinite(part)) << x;
        }
    }
}

TEST(YeoJohnson, KnownValues) {
    EXPECT_NEAR(yeo_johnson(2.5, 1), 2.5, 1e-15);
    EXPECT_NEAR(yeo_johnson(-2.5, 1), -2.5, 1e-15);
    EXPECT_NEAR(yeo_johnson(3, 0), std::log(4), 1e-15);
    EXPECT_NEAR(yeo_johnson(3, 0.5), 2, 1e-15);  // (4^0.5 - 1) / 0.5
    EXPECT_NEAR(yeo_johnson(-3, 2), -std::log(4), 1e-15);
    EXPECT_NEAR(yeo_johnson(-3, 0), -7.5, 1e-14);  // -(4^2 - 1) / 2
    EXPECT_NEAR(yeo_johnson(1, 2), 1.5, 1e-15);    // (2^2 - 1) / 2
    EXPECT_EQ(yeo_johnson(0, 0.3), 0);
}

TEST(YeoJohnson, SlopeEqualsFiniteDifferences) {
    for (const double lambda : {-2.0, 0.0, 0.7, 1.0, 2.0, 4.0}) {
        for (const double y : {-3.0, -0.4, 0.5, 2.0}) {
            const double expected = slope([&](double v) { return yeo_johnson(v, lambda); }, y);
            EXPECT_NEAR(yeo_johnson_slope(y, lambda), expected, 1e-7 * std::max(1.0, expected));
        }
    }
}

TEST(YeoJohnson, FindsTheLambdaThatMadeTheData) {
    // lambda = 0 makes exp(normal) - 1 normal only in part, as y >= -1; sqrt-like data by lambda = 1/2.
    Stream random(1, Purpose::test);
    std::vector<double> values;
    for (int i = 0; i < 4000; ++i) {
        const double z = 4 + 0.8 * random.normal();      // transformed value, positive
        values.push_back(std::pow(1 + 0.5 * z, 2) - 1);  // inverse for lambda = 1/2
    }
    EXPECT_NEAR(fit_yeo_johnson(values), 0.5, 0.1);
}

TEST(YeoJohnson, TheFitIsAMaximum) {
    const std::vector<double> values{-0.3, 0.1, 0.2, 0.9, 1.4, 7.5, 3.3};
    const double lambda = fit_yeo_johnson(values), best = yeo_johnson_likelihood(values, lambda);
    for (const double other : {-2.0, -1.0, 0.0, 1.0, 2.0, 4.0, lambda - 0.01, lambda + 0.01})
        EXPECT_LE(yeo_johnson_likelihood(values, other), best) << other;
}

TEST(Standardize, MeanZeroVarianceOneOrderKept) {
    for (const bool warp : {false, true}) {
        const std::vector<double> values{5, 1e4, 5.5, 4.9, 6, 5.2, -3};
        const auto result = standardize(values, warp);
        EXPECT_NEAR(std::accumulate(result.begin(), result.end(), 0.0), 0, 1e-9);
        EXPECT_NEAR(std::inner_product(result.begin(), result.end(), result.begin(), 0.0), 7, 1e-9);
        for (std::size_t i = 0; i < values.size(); ++i) {
            for (std::size_t j = 0; j < values.size(); ++j) EXPECT_EQ(values[i] < values[j], result[i] < result[j]);
        }
    }
}

TEST(Standardize, ExtremeAndEqualValues) {
    for (const auto& values : std::vector<std::vector<double>>{
             {}, {3}, {2, 2, 2}, {1e300, -1e300, 0, 1}, {1e-300, 2e-300, 3}, {1e308, 1.7e308, -1.7e308}}) {
        const auto result = standardize(values, true);
        ASSERT_EQ(result.size(), values.size());
        for (const double value : result) EXPECT_TRUE(std::isfinite(value));
    }
    EXPECT_EQ(standardize(std::vector<double>{2, 2, 2}, true), (std::vector<double>{0, 0, 0}));
}

}  // namespace
}  // namespace stemma::gp::test
