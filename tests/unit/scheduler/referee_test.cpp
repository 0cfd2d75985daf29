#include "scheduler/referee.hpp"

#include <gtest/gtest.h>

namespace stemma {
namespace {

const std::vector<bool> all{true, true, true};

TEST(Referee, ACoarseArmThatLeadsStopsAFinerOne) {
    Referee referee(3, 50);
    referee.closed(2, {25, 0.4, {7}});
    referee.closed(0, {24, 0.3, {1}});
    EXPECT_TRUE(referee.judge(all).empty()) << "the fine arm has not come so far";
    referee.closed(0, {26, 0.5, {2}});
    const auto verdicts = referee.judge(all);
    ASSERT_EQ(verdicts.size(), 1U);
    EXPECT_EQ(verdicts[0].stopped, 0U);
    EXPECT_EQ(verdicts[0].by, 2U);
    EXPECT_EQ(verdicts[0].ahead.member, MemberId{7});
    EXPECT_EQ(verdicts[0].behind.member, MemberId{2});
    EXPECT_EQ(verdicts[0].behind.at, 26);
}

TEST(Referee, AFineArmThatLeadsStopsNobody) {
    Referee referee(3, 50);
    referee.closed(0, {25, 0.1, {1}});
    referee.closed(2, {25, 0.4, {7}});
    EXPECT_TRUE(referee.judge(all).empty());
}

TEST(Referee, EachResourceIsJudgedOnce) {
    Referee referee(2, 50);
    referee.closed(1, {10, 0.4, {7}});
    referee.closed(0, {10, 0.4, {1}});
    EXPECT_TRUE(referee.judge({true, true}).empty()) << "equal is not better";
    referee.closed(0, {11, 0.9, {2}});
    EXPECT_TRUE(referee.judge({true, true}).empty());
    referee.closed(1, {20, 0.3, {8}});
    referee.closed(0, {20, 0.9, {3}});
    EXPECT_EQ(referee.judge({true, true}).size(), 1U);
}

TEST(Referee, EveryCloseFromThereOnCountsForTheFineArm) {
    Referee referee(2, 50);
    referee.closed(0, {10, 0.2, {1}});
    referee.closed(0, {11, 0.9, {2}});
    referee.closed(1, {10, 0.4, {7}});
    EXPECT_TRUE(referee.judge({true, true}).empty());
}

TEST(Referee, NothingIsDecidedAtMaxOrByTheDead) {
    Referee referee(3, 50);
    referee.closed(2, {50, 0.1, {7}});
    referee.closed(1, {25, 0.1, {5}});
    referee.closed(0, {50, 0.9, {1}});
    EXPECT_TRUE(referee.judge(all).empty()) << "a finished arm neither stops nor is stopped";
    referee.raise_max(100);
    EXPECT_TRUE(referee.judge({true, false, false}).empty());
    const auto verdicts = referee.judge(all);
    ASSERT_EQ(verdicts.size(), 1U) << "with a larger max it is not finished";
    EXPECT_EQ(verdicts[0].by, 2U);
}

TEST(Referee, OneThatIsStoppedStopsNoOtherAtOnce) {
    Referee referee(3, 50);
    referee.closed(2, {10, 0.1, {7}});
    referee.closed(1, {10, 0.3, {5}});
    referee.closed(0, {10, 0.2, {1}});
    const auto verdicts = referee.judge(all);
    ASSERT_EQ(verdicts.size(), 2U);
    EXPECT_EQ(verdicts[0].by, 2U);
    EXPECT_EQ(verdicts[1].by, 2U);
}

}  // namespace
}  // namespace stemma
