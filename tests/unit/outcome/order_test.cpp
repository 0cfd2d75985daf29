#include "outcome/order.hpp"

#include <gmock/gmock.h>

#include "outcome/spread.hpp"
#include "unit/outcome/points.hpp"

namespace stemma::tests {
namespace {

using ::testing::ElementsAre;

TEST(Order, EightMembersOfTwoObjectives) {
    EXPECT_THAT(order_of(candidates(eight_points())), ElementsAre(5, 7, 0, 2, 6, 3, 1, 4));
}

TEST(Order, EightMembersOfThreeObjectives) {
    EXPECT_THAT(order_of(candidates(eight_points_in_space())), ElementsAre(0, 3, 5, 1, 4, 2, 7, 6));
}

TEST(Order, AMaximizedObjectiveThatIsNegatedOrdersTheSame) {
    auto points = eight_points();
    for (auto& item : points) item.values[1] = -1000 / item.values[1];  // throughput instead of latency
    EXPECT_THAT(order_of(candidates(points)), ElementsAre(5, 7, 0, 2, 6, 3, 1, 4));
}

TEST(Order, UnitsDoNotMatter) {
    auto points = eight_points();
    for (auto& item : points) item = point({item[0] * 0.25 + 1024, item[1] * 4096});
    EXPECT_THAT(order_of(candidates(points)), ElementsAre(5, 7, 0, 2, 6, 3, 1, 4));
}

TEST(Order, FirstPlacesDoNotDependOnHowManyAreNeeded) {
    const auto members = candidates(eight_points());
    EXPECT_THAT(order_of(members, 0), ElementsAre());
    EXPECT_THAT(order_of(members, 3), ElementsAre(5, 7, 0));
    EXPECT_THAT(order_of(members, 7), ElementsAre(5, 7, 0, 2, 6, 3, 1));
    EXPECT_THAT(order_of(members, 100), ElementsAre(5, 7, 0, 2, 6, 3, 1, 4));
}

TEST(Order, SmallSets) {
    EXPECT_THAT(order_of({}), ElementsAre());
    EXPECT_THAT(order_of(candidates({point({1, 2})})), ElementsAre(0));
    EXPECT_THAT(order_of(candidates({point({1, 2}), point({1, 1})})), ElementsAre(1, 0));
    EXPECT_THAT(order_of(candidates({point({2, 1}), point({1, 2})})), ElementsAre(1, 0));
    EXPECT_THAT(order_of(candidates({point({3, 1, 1}), point({1, 3, 1}), point({3, 3, 1})})), ElementsAre(1, 0, 2));
}

TEST(Order, EqualMembersGoByAge) {
    const auto same = point({0.5, 0.25, 8});
    EXPECT_THAT(order_of(candidates({same, same, same, same})), ElementsAre(0, 1, 2, 3));
    std::vector<Candidate> reversed;
    for (std::uint64_t member = 4; member-- > 0;) reversed.push_back({{member}, {same}});
    EXPECT_THAT(order_of(reversed), ElementsAre(3, 2, 1, 0));
}

TEST(Order, TiesGoToTheOlderMemberWhereverItStands) {
    // Both outer points are at distance 1/2 of the middle one and of the ends: the older of the two comes first.
    const std::vector<Candidate> members{
        {{9}, {point({0, 4})}}, {{8}, {point({4, 0})}}, {{7}, {point({1, 3})}}, {{2}, {point({3, 1})}}};
    EXPECT_THAT(order_of(members), ElementsAre(0, 1, 3, 2));
}

TEST(Order, DivergedMembersHaveNoPlace) {
    const auto members = candidates({point({1, 1}), point({1, infinity}), point({infinity, 1}), point({nan, 0}),
                                     point({0, nan}), point({-infinity, 0}), point({2, 2})});
    EXPECT_THAT(order_of(members), ElementsAre(0, 6));
}

TEST(Order, OneObjectiveIsAscendingByObjectiveAndMember) {
    const std::vector<Candidate> members{{{5}, {point({2})}}, {{1}, {point({7})}},   {{4}, {point({2})}},
                                         {{0}, {point({9})}}, {{2}, {point({nan})}}, {{3}, {point({-1})}}};
    EXPECT_THAT(order_of(members), ElementsAre(5, 2, 0, 1, 3));
    EXPECT_THAT(order_of(members, 2), ElementsAre(5, 2));
}

TEST(Order, TheInfeasibleFollowByViolation) {
    // latency at most 10; x = .05 .15 .30 .40 .55 .65 .80 .95 with these losses and latencies
    const double loss[] = {.9, .5, .3, .2, .25, .4, .6, .8};
    const double latency[] = {4, 6, 8, 14, 12, 9, 11, 15};
    std::vector<Candidate> members;
    for (std::uint64_t i = 0; i < 8; ++i) {
        members.push_back({{i}, {point({loss[i]}), std::max(0.0, latency[i] - 10) / 10}});
    }
    EXPECT_THAT(order_of(members), ElementsAre(2, 5, 1, 0, 6, 4, 3, 7));
}

TEST(Order, AViolationThatIsNoNumberComesLast) {
    // (loss, violation) of a to h; f and h are not known yet and compete as feasible.
    const std::vector<Candidate> members{
        {{0}, {point({.30}), 0}},   {{1}, {point({.20}), .2}},       {{2}, {point({.25}), 0}},
        {{3}, {point({.10}), nan}}, {{4}, {point({.40}), .125}},     {{5}, {point({.15}), 0, false}},
        {{6}, {point({.05}), 3.5}}, {{7}, {point({.28}), 0, false}}, {{8}, {point({.01}), infinity}}};
    EXPECT_THAT(order_of(members), ElementsAre(5, 2, 7, 0, 4, 1, 6, 3, 8));
}

TEST(Order, ValuesAtTheLimitsOfDoubles) {
    const double most = std::numeric_limits<double>::max();
    const double least = std::numeric_limits<double>::denorm_min();
    // The range of the first objective is no double; the second one's is the least there is.
    EXPECT_THAT(order_of(candidates({point({-most, least}), point({most, 0}), point({most, least})})),
                ElementsAre(0, 1, 2));
    EXPECT_THAT(order_of(candidates({point({0.0, 1}), point({-0.0, 1})})), ElementsAre(0, 1));
}

TEST(Spread, DistancesOfTheFirstPlaces) {
    const auto all = eight_points();
    const std::vector<Objectives> front{all[0], all[2], all[3], all[5], all[6], all[7]};
    EXPECT_THAT(spread_order(front, 6), ElementsAre(3, 5, 0, 1, 4, 2));
    // The distance at which a place is given is what a computation by hand gives (ranges: .21 and 26).
    const auto squared = [&](std::size_t a, std::size_t b) {
        const double dx = (front[a][0] - front[b][0]) / .21;
        const double dy = (front[a][1] - front[b][1]) / 26;
        return dx * dx + dy * dy;
    };
    EXPECT_NEAR(squared(5, 3), 2, 1e-12);
    EXPECT_NEAR(squared(0, 5), 0.445923734385, 1e-12);
    EXPECT_NEAR(squared(1, 3), 0.108766386239, 1e-12);
    EXPECT_NEAR(squared(4, 1), 0.0263253230286, 1e-12);
    EXPECT_EQ(squared(2, 0), 0);
}

TEST(Spread, BehindTheFirst512PlacesByAge) {
    std::vector<Objectives> front;
    for (int i = 0; i < 700; ++i) front.push_back(point({static_cast<double>(i), static_cast<double>(-i)}));
    const auto order = spread_order(front, 700);
    ASSERT_EQ(order.size(), 700U);
    EXPECT_EQ(order[0], 0U);
    EXPECT_EQ(order[1], 699U);
    EXPECT_TRUE(std::is_sorted(order.begin() + most_spread_places, order.end()));
    EXPECT_FALSE(std::is_sorted(order.begin(), order.begin() + most_spread_places));
    const auto some = spread_order(front, 600);
    EXPECT_TRUE(std::equal(some.begin(), some.end(), order.begin()));
}

}  // namespace
}  // namespace stemma::tests
