#include "sampler/gp/acquisition.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <numbers>

namespace stemma::gp::test {
namespace {

/// The (-1)^n-th repeated integral of the normal density from t on, n = 0 or 1, relative to the density at t. By
/// Simpson's rule in long double: integral of u^n exp(-t u - u^2 / 2), u in [0, 12 / t'].
long double relative_integral(int n, long double t) {
    const long double end = 60 / std::max(t, 3.0L);
    const int pieces = 400'000;
    long double sum = 0;
    for (int i = 0; i <= pieces; ++i) {
        const long double u = end * i / pieces;
        const long double value = (n == 0 ? 1 : u) * std::exp(-t * u - u * u / 2);
        sum += value * (i == 0 || i == pieces ? 1 : i % 2 == 1 ? 4 : 2);
    }
    return sum * end / pieces / 3;
}

double log_density(double z) { return -0.5 * z * z - 0.5 * std::log(2 * std::numbers::pi); }

TEST(LogImprovement, EqualsTheClosedFormNearZero) {
    EXPECT_NEAR(log_improvement(0).value, -0.5 * std::log(2 * std::numbers::pi), 1e-15);
    EXPECT_NEAR(std::exp(log_improvement(1).value), 1.0833154705876864, 1e-14);
    EXPECT_NEAR(std::exp(log_improvement(-1).value), 0.0833154705876864, 1e-15);
    EXPECT_NEAR(log_improvement(40).value, std::log(40), 1e-14);
}

TEST(LogImprovement, EqualsQuadratureInTheFarTail) {
    for (const double z : {-2.9, -3.0, -3.1, -5.0, -8.0, -20.0, -38.0, -100.0}) {
        const double expected = log_density(z) + static_cast<double>(std::log(relative_integral(1, -z)));
        EXPECT_NEAR(log_improvement(z).value, expected, 1e-12 * std::abs(expected)) << z;
        const double probability = log_density(z) + static_cast<double>(std::log(relative_integral(0, -z)));
        EXPECT_NEAR(log_probability(z).value, probability, 1e-12 * std::abs(probability)) << z;
    }
}

TEST(LogFeasible, IsTheProbabilityOfALabelBelowZero) {
    EXPECT_NEAR(std::exp(log_feasible(9.5 - 10, 0.8).value), 0.734014470951, 1e-12);
    EXPECT_NEAR(std::exp(log_feasible(0, 3).value), 0.5, 1e-15);
    EXPECT_TRUE(std::isfinite(log_feasible(1e3, 1e-12).value));
}

TEST(LogScore, IsALogarithmForEachFunctionAndHasItsSlopes) {
    constexpr double best = 0.3, kappa = 2, step = 1e-6;
    for (const auto function : {Acquisition::log_ei, Acquisition::log_pi, Acquisition::lcb}) {
        for (const auto& [mean, deviation] : {std::pair(0.1, 0.5), std::pair(0.8, 0.4), std::pair(-2.0, 1.0)}) {
            const auto at = [&](double m, double d) { return log_score(function, m, d, best, kappa).value; };
            const auto there = log_score(function, mean, deviation, best, kappa);
            EXPECT_NEAR(there.by_mean, (at(mean + step, deviation) - at(mean - step, deviation)) / (2 * step), 1e-6);
            EXPECT_NEAR(there.by_deviation, (at(mean, deviation + step) - at(mean, deviation - step)) / (2 * step),
                        1e-6);
        }
    }
    EXPECT_NEAR(std::exp(log_score(Acquisition::lcb, 0.8, 0.4, best, kappa).value), 0.3 - (0.8 - 2 * 0.4), 1e-12);
    const auto hopeless = log_score(Acquisition::lcb, 9, 0.4, best, kappa);
    EXPECT_EQ(hopeless.value, std::log(1e-12));
    EXPECT_EQ(hopeless.by_mean, 0);
}

TEST(LogImprovement, FollowsItsAsymptoteVeryFarOut) {
    for (const double z : {-1e4, -1e8, -1e100}) {
        const double expected = log_density(z) - 2 * std::log(-z);
        EXPECT_NEAR(log_improvement(z).value / expected, 1, 1e-7);
        EXPECT_NEAR(log_improvement(z).slope / -z, 1, 1e-7);
    }
}

TEST(LogImprovement, SlopesEqualFiniteDifferences) {
    for (const double z : {-50.0, -10.0, -3.001, -2.999, -1.0, 0.0, 2.0}) {
        constexpr double step = 1e-5;
        const double ei = (log_improvement(z + step).value - log_improvement(z - step).value) / (2 * step);
        const double pi = (log_probability(z + step).value - log_probability(z - step).value) / (2 * step);
        EXPECT_NEAR(log_improvement(z).slope, ei, 1e-6 * std::max(1.0, std::abs(ei))) << z;
        EXPECT_NEAR(log_probability(z).slope, pi, 1e-6 * std::max(1.0, std::abs(pi))) << z;
    }
}

TEST(Score, DerivativesEqualFiniteDifferences) {
    for (const auto kind : {Acquisition::log_ei, Acquisition::log_pi, Acquisition::lcb}) {
        for (const double mean : {-1.0, 0.3, 20.0}) {
            for (const double deviation : {0.01, 0.5, 2.0}) {
                const auto value = [kind](double m, double d) { return score(kind, m, d, 0.2, 1.7).value; };
                const auto at = score(kind, mean, deviation, 0.2, 1.7);
                const double step = 1e-5 * deviation;
                const double by_mean = (value(mean + step, deviation) - value(mean - step, deviation)) / (2 * step);
                const double by_deviation =
                    (value(mean, deviation + step) - value(mean, deviation - step)) / (2 * step);
                EXPECT_NEAR(at.by_mean, by_mean, 1e-5 * std::max(1.0, std::abs(by_mean)));
                EXPECT_NEAR(at.by_deviation, by_deviation, 1e-5 * std::max(1.0, std::abs(by_deviation)));
            }
        }
    }
}

TEST(Score, ExpectedImprovementByHand) {
    // mean 1, deviation 2, best 3: z = 1, EI = 2 (phi(1) + Phi(1))
    EXPECT_NEAR(std::exp(score(Acquisition::log_ei, 1, 2, 3, 0).value), 2 * 1.0833154705876864, 1e-13);
    EXPECT_NEAR(std::exp(score(Acquisition::log_pi, 1, 2, 3, 0).value), 0.8413447460685429, 1e-14);
    EXPECT_EQ(score(Acquisition::lcb, 1, 2, 3, 1.5).value, 2);
}

}  // namespace
}  // namespace stemma::gp::test
