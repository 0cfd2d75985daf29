#include "outcome/fronts.hpp"

#include <gmock/gmock.h>

#include "unit/outcome/points.hpp"

namespace stemma::tests {
namespace {

using ::testing::ElementsAre;

TEST(Fronts, EightPointsInThePlane) {
    EXPECT_THAT(front_numbers(eight_points()), ElementsAre(0, 1, 0, 0, 2, 0, 0, 0));
    EXPECT_THAT(front_of(eight_points()), ElementsAre(5, 6, 2, 0, 3, 7));
}

TEST(Fronts, EightPointsInSpace) {
    EXPECT_THAT(front_numbers(eight_points_in_space()), ElementsAre(0, 0, 0, 0, 0, 0, 1, 1));
    EXPECT_THAT(front_of(eight_points_in_space()), ElementsAre(0, 1, 4, 2, 5, 3));
}

TEST(Fronts, OnALineEachDistinctValueIsAFront) {
    EXPECT_THAT(front_numbers(std::vector{point({3}), point({1}), point({3}), point({2})}), ElementsAre(2, 0, 2, 1));
    EXPECT_THAT(front_of(std::vector{point({3}), point({1}), point({1})}), ElementsAre(1, 2));
}

TEST(Fronts, NoPointsNoFronts) {
    EXPECT_THAT(front_numbers({}), ElementsAre());
    EXPECT_THAT(front_of({}), ElementsAre());
}

TEST(Fronts, DominationNeedsNoWorseAndOneBetter) {
    EXPECT_TRUE(dominates(point({1, 2}), point({1, 3})));
    EXPECT_FALSE(dominates(point({1, 2}), point({1, 2})));
    EXPECT_FALSE(dominates(point({1, 2}), point({2, 1})));
    EXPECT_FALSE(dominates(point({0, nan}), point({1, 1})));
    EXPECT_FALSE(dominates(point({0, 0}), point({1, nan})));
}

// Fronts are not monotone in what comes later; domination is. So a member may be let go for members that dominate it,
// and not for members of better fronts.
TEST(Fronts, ANewcomerCanLiftAMember) {
    std::vector<Objectives> points{point({1, 9}), point({2, 8}), point({6, 1}), point({7, 2})};
    EXPECT_THAT(front_numbers(points), ElementsAre(0, 0, 0, 1));
    points.push_back(point({.5, 7.5}));
    EXPECT_THAT(front_numbers(points), ElementsAre(1, 1, 0, 1, 0));
}

TEST(Knee, LeastWorstObjectiveAfterScaling) {
    // Scaled: (0, 1) (.25, .5) (.5, .25) (1, 0): two tie by the worst and by the sum, the older wins.
    EXPECT_EQ(knee_of(std::vector{point({0, 8}), point({1, 4}), point({2, 2}), point({4, 0})}), 1U);
    // The worst ties at .5, the sum decides.
    EXPECT_EQ(knee_of(std::vector{point({0, 8}), point({2, 3}), point({1, 4}), point({4, 0})}), 2U);
    EXPECT_EQ(knee_of(std::vector{point({3, 3})}), 0U);
    EXPECT_EQ(knee_of(std::vector{point({3}), point({2})}), 1U);
}

}  // namespace
}  // namespace stemma::tests
