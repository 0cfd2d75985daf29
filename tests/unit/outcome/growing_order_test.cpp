#include "outcome/growing_order.hpp"

#include <gmock/gmock.h>

#include "unit/outcome/points.hpp"

namespace stemma::tests {
namespace {

using ::testing::ElementsAre;

std::vector<MemberId> members_of(std::span<const MemberId> places) { return {places.begin(), places.end()}; }

std::vector<MemberId> full(const std::vector<Candidate>& all, std::size_t need) {
    std::vector<MemberId> members;
    for (const auto index : order_of(all, need)) members.push_back(all[index].member);
    return members;
}

TEST(GrowingOrder, SmallSetsAreAlwaysFresh) {
    GrowingOrder order;
    EXPECT_THAT(members_of(order.best(3)), ElementsAre());
    Stream draw(1, Purpose::test);
    std::vector<Candidate> all;
    for (std::uint64_t i = 0; i < 300; ++i) {
        all.push_back({{i}, {random_point(draw, 2 + i / 400, 9)}});
        order.add(all.back());
        if (i % 3 == 1) continue;  // several come between two questions
        ASSERT_EQ(members_of(order.best(all.size() / 3)), full(all, all.size() / 3)) << i;
        ASSERT_EQ(members_of(order.best(all.size())), full(all, all.size())) << i;
        ASSERT_EQ(members_of(order.best(2)), full(all, 2)) << i;
        ASSERT_TRUE(order.is_fresh(2));
    }
}

TEST(GrowingOrder, LargeSetsAreComputedAfterEachHundredth) {
    GrowingOrder order;
    Stream draw(2, Purpose::test);
    std::vector<Candidate> all;
    const auto grow = [&](std::size_t count) {
        for (std::size_t i = 0; i < count; ++i) {
            all.push_back({{all.size()}, {random_point(draw, 2, 0)}});
            order.add(all.back());
        }
    };
    grow(20'000);
    const auto before = members_of(order.best(10));
    EXPECT_EQ(before, full(all, 10));
    all.push_back({{all.size()}, {point({-1, -1})}});  // dominates all others
    order.add(all.back());
    const auto newcomer = all.back().member;
    EXPECT_FALSE(order.is_fresh(10));
    EXPECT_EQ(members_of(order.best(10)), before);
    grow(198);
    EXPECT_EQ(members_of(order.best(10)), before);
    grow(3);  // the 202nd of 20,202
    EXPECT_EQ(order.best(10)[0], newcomer);
    EXPECT_TRUE(order.is_fresh(10));
    grow(1);
    EXPECT_EQ(members_of(order.best(10, true)), full(all, 10));
}

TEST(GrowingOrder, FewerPlacesThanNeededAreAllThereAre) {
    GrowingOrder order;
    order.add({{0}, {point({1, 1})}});
    order.add({{1}, {point({nan, 1})}});
    EXPECT_THAT(order.best(5), ElementsAre(MemberId{0}));
    EXPECT_TRUE(order.is_fresh(9));
    EXPECT_EQ(order.size(), 2U);
}

}  // namespace
}  // namespace stemma::tests
