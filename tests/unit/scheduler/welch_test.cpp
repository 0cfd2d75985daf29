#include "scheduler/welch.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <random>
#include <vector>

namespace stemma {
namespace {

using Values = std::vector<double>;

TEST(Welch, ByHand) {
    // Means 2 and 5, variances 1 and 4, n = 3 each: t = -3 / sqrt(5/3) = -2.3238, Welch-Satterthwaite degrees
    // (5/3)^2 / ((1/9)/2 + (16/9)/2) = 2.9412.
    const Values a = {1, 2, 3};
    const Values b = {3, 5, 7};
    EXPECT_NEAR(welch_p_value(a, b), 0.0522394, 1e-6);
    EXPECT_NEAR(welch_p_value(a, b) + welch_p_value(b, a), 1, 1e-12);
}

TEST(Welch, EqualMeansAreAToss) { EXPECT_NEAR(welch_p_value(Values{1, 3}, Values{0, 4}), 0.5, 1e-12); }

TEST(Welch, WithoutVarianceTheMeansDecide) {
    EXPECT_EQ(welch_p_value(Values{1, 1}, Values{2, 2}), 0);
    EXPECT_EQ(welch_p_value(Values{2, 2}, Values{1, 1}), 1);
    EXPECT_EQ(welch_p_value(Values{1, 1}, Values{1, 1}), 1);
}

TEST(Welch, OneValueProvesNothing) { EXPECT_EQ(welch_p_value(Values{1}, Values{2, 3}), 1); }

TEST(Welch, KnowsNoUnit) {
    const Values a = {1, 2, 3};
    const Values b = {3, 5, 7};
    const auto scaled = [](Values values, int exponent) {
        for (double& value : values) value = std::ldexp(value, exponent);
        return values;
    };
    for (const int exponent : {-1074, -1000, -540, -300, -1, 1, 255, 300, 540, 1000, 1020})
        EXPECT_EQ(welch_p_value(scaled(a, exponent), scaled(b, exponent)), welch_p_value(a, b)) << exponent;
}

TEST(Welch, AnyFiniteValuesGiveAProbability) {
    std::mt19937_64 random(1);
    const auto drawn = [&] {
        const double magnitude = std::uniform_int_distribution(0, 3)(random) == 0 ? 0 : 308;
        const double exponent = std::uniform_real_distribution(-magnitude, magnitude)(random);
        return (std::uniform_int_distribution(0, 1)(random) == 0 ? 1 : -1) * std::pow(10.0, exponent);
    };
    for (int round = 0; round < 20'000; ++round) {
        Values a(std::uniform_int_distribution<std::size_t>(2, 5)(random));
        Values b(std::uniform_int_distribution<std::size_t>(2, 5)(random));
        for (double& value : a) value = drawn();
        for (double& value : b) value = round % 3 == 0 ? a.front() * (1 + 1e-15 * drawn()) : drawn();
        if (round % 5 == 0) a.assign(a.size(), std::numeric_limits<double>::max());
        const double p = welch_p_value(a, b);
        EXPECT_TRUE(p >= 0 && p <= 1) << p << " in round " << round;
    }
}

TEST(Welch, WhatIsNotFiniteProvesNothing) {
    const double infinity = std::numeric_limits<double>::infinity();
    EXPECT_EQ(welch_p_value(Values{1, 2}, Values{infinity, 3}), 1);
    EXPECT_EQ(welch_p_value(Values{std::nan(""), 2}, Values{3, 3}), 1);
}

}  // namespace
}  // namespace stemma
