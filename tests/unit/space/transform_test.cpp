#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <map>

#include "space/axis.hpp"

namespace stemma {
namespace {

double real(const Axis& axis, double unit) { return std::get<double>(axis.from_unit(unit)); }
std::int64_t integer(const Axis& axis, double unit) { return std::get<std::int64_t>(axis.from_unit(unit)); }

TEST(Transform, LinearStretchesEvenly) {
    const Axis axis(Real{-2, 6, Scale::linear, {}});
    EXPECT_EQ(real(axis, 0), -2);
    EXPECT_EQ(real(axis, 0.25), 0);
    EXPECT_EQ(real(axis, 0.5), 2);
    EXPECT_EQ(axis.to_unit(4.0), 0.75);
}

TEST(Transform, LogStretchesByFactors) {
    const Axis axis(Real{1e-4, 1, Scale::log, {}});
    EXPECT_EQ(real(axis, 0), 1e-4);
    EXPECT_EQ(real(axis, 0.25), 1e-3);
    EXPECT_EQ(real(axis, 0.5), 1e-2);
    EXPECT_NEAR(axis.to_unit(0.1), 0.75, 1e-12);
}

TEST(Transform, MixedIsALittleLinearAndMostlyLog) {
    const Axis axis(Real{1e-5, 1, Scale::mixed, {}});
    const auto share = [](double value) {
        return 0.2 * (value - 1e-5) / (1 - 1e-5) + 0.8 * std::log10(value / 1e-5) / 5;
    };
    EXPECT_EQ(real(axis, 0), 1e-5);
    EXPECT_EQ(real(axis, 0.9999999999999), 1);
    double before = 0;
    for (int i = 1; i < 1000; ++i) {
        const double value = real(axis, i / 1000.0);
        EXPECT_GT(value, before);
        EXPECT_NEAR(share(value), i / 1000.0, 1e-10) << value;
        EXPECT_EQ(real(axis, axis.to_unit(value)), value);
        before = value;
    }
    EXPECT_NEAR(axis.to_unit(1e-2), 0.482, 0.001) << "linear: 0.01";
}

TEST(Transform, LogitIsSymmetricAboutOneHalf) {
    const Axis axis(Real{0.001, 0.999, Scale::logit, {}});
    EXPECT_EQ(real(axis, 0), 0.001);
    EXPECT_EQ(real(axis, 0.5), 0.5);
    for (const double unit : {0.1, 0.2, 0.4}) EXPECT_NEAR(real(axis, unit), 1 - real(axis, 1 - unit), 1e-11);
}

TEST(Transform, CoordinatesOutsideTheCubeAreClipped) {
    const Axis axis(Real{1, 3, Scale::linear, {}});
    EXPECT_EQ(real(axis, -0.1), 1);
    EXPECT_EQ(real(axis, 1), 3);
    EXPECT_EQ(real(axis, 7), 3);
    EXPECT_EQ(real(axis, std::numeric_limits<double>::quiet_NaN()), 1);
    EXPECT_EQ(real(axis, std::numeric_limits<double>::infinity()), 3);
    const Axis choice(Categorical{{false, true}});
    EXPECT_EQ(choice.from_unit(1), Value(Choice{1}));
    EXPECT_EQ(choice.from_unit(-1), Value(Choice{0}));
}

TEST(Transform, StepsAreShortDecimals) {
    const Axis axis(Real{0, 1, Scale::linear, 0.1});
    ASSERT_EQ(axis.count(), 11U);
    EXPECT_EQ(axis.at(3), Value(0.3));
    EXPECT_EQ(axis.at(7), Value(0.7));
    EXPECT_EQ(axis.nearest(0.1 + 0.2), Value(0.3));
    EXPECT_EQ(axis.nearest(0.35), std::nullopt);
}

TEST(Transform, AStepThatMissesTheUpperBoundStopsBelowIt) {
    const Axis axis(Real{0, 1, Scale::linear, 0.3});
    EXPECT_EQ(axis.count(), 4U);
    EXPECT_EQ(real(axis, 0.9999), 0.9);
    const Axis integers(Integer{10, 20, Scale::linear, 4});
    EXPECT_EQ(integers.count(), 3U);
    EXPECT_EQ(integer(integers, 0.9999), 18);
}

TEST(Transform, IntegersAreEquallyLikely) {
    const Axis axis(Integer{-1, 3, Scale::linear, {}});
    std::map<std::int64_t, int> counts;
    for (int i = 0; i < 1000; ++i) ++counts[integer(axis, (i + 0.5) / 1000)];
    ASSERT_EQ(counts.size(), 5U);
    for (const auto& [value, count] : counts) EXPECT_EQ(count, 200) << value;
}

TEST(Transform, LogIntegersShrinkByTheirCells) {
    const Axis axis(Integer{1, 100, Scale::log, {}});
    std::map<std::int64_t, int> counts;
    for (int i = 0; i < 100'000; ++i) ++counts[integer(axis, (i + 0.5) / 100'000)];
    ASSERT_EQ(counts.size(), 100U);
    EXPECT_GT(counts[1], counts[2]);
    EXPECT_NEAR(counts[10] / double(counts[20]), std::log(10.5 / 9.5) / std::log(20.5 / 19.5), 0.02);
}

TEST(Transform, ToUnitIsTheCenterOfTheCell) {
    const Axis axis(Ordinal{{std::int64_t{1}, std::int64_t{2}, std::int64_t{3}, std::int64_t{4}}});
    EXPECT_EQ(axis.to_unit(Choice{0}), 0.125);
    EXPECT_EQ(axis.to_unit(Choice{3}), 0.875);
    EXPECT_EQ(Axis(Constant{true}).to_unit(Choice{0}), 0.5);
}

TEST(Transform, BoundsThatAreNoShortDecimalsAreNotOverstepped) {
    const double low = 1.0 / 3, high = 2.0 / 3;
    for (const auto scale : {Scale::linear, Scale::log, Scale::logit}) {
        const Axis axis(Real{low, high, scale, {}});
        EXPECT_GE(real(axis, 0), low);
        EXPECT_LE(real(axis, 1), high);
        EXPECT_NEAR(real(axis, 0), low, 1e-10);
        EXPECT_NEAR(real(axis, 1), high, 1e-10);
        EXPECT_TRUE(axis.contains(low));
        EXPECT_TRUE(axis.contains(high));
    }
}

TEST(Transform, ContainsOnlyItsOwnKindAndValues) {
    const Axis axis(Integer{2, 10, Scale::linear, 2});
    EXPECT_TRUE(axis.contains(std::int64_t{4}));
    EXPECT_FALSE(axis.contains(std::int64_t{5}));
    EXPECT_FALSE(axis.contains(std::int64_t{12}));
    EXPECT_FALSE(axis.contains(std::int64_t{0}));
    EXPECT_FALSE(axis.contains(4.0));
    EXPECT_FALSE(axis.contains(Inactive{}));
    const Axis reals(Real{0, 1, Scale::linear, {}});
    EXPECT_FALSE(reals.contains(std::numeric_limits<double>::quiet_NaN()));
    EXPECT_FALSE(reals.contains(1.5));
    EXPECT_FALSE(Axis(Categorical{{true}}).contains(Choice{1}));
}

}  // namespace
}  // namespace stemma
