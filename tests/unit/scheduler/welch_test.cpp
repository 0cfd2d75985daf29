#include "scheduler/welch.hpp"

#include <gtest/gtest.h>

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

}  // namespace
}  // namespace stemma
