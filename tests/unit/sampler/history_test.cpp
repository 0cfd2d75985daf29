#include "sampler/history.hpp"

#include <gmock/gmock.h>

#include <limits>

#include "core/error.hpp"
#include "support/errors.hpp"
#include "unit/sampler/fixtures.hpp"

namespace stemma {
namespace {

using testing::ElementsAre;

constexpr double infinity = std::numeric_limits<double>::infinity();

std::vector<std::uint64_t> members(const std::vector<Trial>& trials) {
    std::vector<std::uint64_t> numbers;
    for (const auto& trial : trials) numbers.push_back(trial.member.value);
    return numbers;
}

class HistoryTest : public testing::Test {
protected:
    void born(std::uint64_t member, MemberId parent = {}, Resource from = 0) {
        const Configuration point{static_cast<double>(member) / 64};
        history_.born({{member}, parent, from, point});
    }
    void observe(std::uint64_t member, double objective, Resource resource = 1) {
        history_.observe({{member}, resource, objective});
    }

    void fail(std::uint64_t member, Infeasibility kind, Resource resource = 1) {
        history_.observe({{member}, resource, infinity, {}, kind});
    }
    /// Numbers of the members that ran, and of those that failed in this way.
    using Labels = std::pair<std::vector<std::uint64_t>, std::vector<std::uint64_t>>;
    Labels labels(Infeasibility kind, std::size_t cap = 100) const {
        Labels found;
        for (const auto& trial : history_.feasibility(kind, cap))
            (trial.failed ? found.second : found.first).push_back(trial.member.value);
        return found;
    }

    History history_{test::cube(1)};
};

TEST_F(HistoryTest, StartsEmpty) {
    EXPECT_TRUE(history_.trials({}, 10).empty());
    EXPECT_TRUE(history_.steps({}, 10).empty());
}

TEST_F(HistoryTest, ATrialSaysAllAboutItsMember) {
    born(16);
    observe(16, 0.5, 3);
    const auto trials = history_.trials({}, 10);
    ASSERT_EQ(trials.size(), 1U);
    EXPECT_THAT(trials[0].unit, ElementsAre(0.25));
    EXPECT_THAT(trials[0].configuration, ElementsAre(Value(0.25)));
    EXPECT_EQ(trials[0].objective, 0.5);
    EXPECT_EQ(trials[0].resource, 3);
    EXPECT_EQ(trials[0].time, 0);
    EXPECT_FALSE(trials[0].pending || trials[0].diverged);
}

/// Founders 0 and 1 are members 2 and 3 from resource 1 on. Member 4 is a child of 0, member 5 one of 2.
TEST_F(HistoryTest, ATrialThatGoesOnAsAnotherMemberIsOneTrial) {
    born(0);
    born(1);
    observe(0, 0.9);
    observe(1, 0.8);
    history_.born({{2}, {0}, 1, Configuration{0.0}, true});
    history_.born({{3}, {1}, 1, Configuration{1.0 / 64}, true});
    born(4, {0}, 1);
    observe(4, 0.7, 2);
    observe(3, 0.4, 3);
    born(5, {2}, 3);

    const auto early = history_.trials({0}, 10);
    EXPECT_THAT(members(early), ElementsAre(0, 1, 4)) << "a lineage of the first report sees nothing of the later one";
    EXPECT_EQ(early[2].time, 1);
    EXPECT_EQ(history_.time_of_child({0}), 1);

    const auto late = history_.trials({2}, 10);
    EXPECT_THAT(members(late), ElementsAre(2, 3, 5)) << "and the other way round";
    EXPECT_TRUE(late[0].pending && late[2].pending);
    EXPECT_EQ(late[1].objective, 0.4);
    EXPECT_EQ(late[1].resource, 3);
    EXPECT_EQ(late[1].time, 0) << "one trial, trained once";
    EXPECT_EQ(history_.time_of_child({2}), 1);

    observe(5, 0.3, 5);
    EXPECT_THAT(members(history_.trials({5}, 10)), ElementsAre(2, 3, 5));
    EXPECT_EQ(history_.time_of_child({5}), 2);
    EXPECT_THAT(members(history_.trials({}, 10)), ElementsAre(0, 1))
        << "proposals from scratch see members from scratch";
    history_.given_up({2});
    EXPECT_THAT(members(history_.trials({2}, 10)), ElementsAre(3, 5));
}

TEST_F(HistoryTest, PendingUntilObservedOrGivenUp) {
    for (std::uint64_t i = 0; i < 3; ++i) born(i);
    observe(0, 1);
    history_.given_up({1});
    const auto trials = history_.trials({}, 10);
    EXPECT_THAT(members(trials), ElementsAre(0, 2));
    EXPECT_FALSE(trials[0].pending);
    EXPECT_TRUE(trials[1].pending);
}

TEST_F(HistoryTest, InfinityAndNanDiverged) {
    born(0);
    born(1);
    observe(0, infinity);
    observe(1, std::numeric_limits<double>::quiet_NaN());
    for (const auto& trial : history_.trials({}, 10)) {
        EXPECT_TRUE(trial.diverged);
        EXPECT_EQ(trial.objective, infinity);
    }
}

TEST_F(HistoryTest, FromScratchTheHighestResourceWithEnoughValuesCounts) {
    for (std::uint64_t i = 0; i < 4; ++i) {
        born(i);
        observe(i, 1 + static_cast<double>(i), 1);
    }
    observe(0, 0.5, 3);
    EXPECT_THAT(members(history_.trials({}, 10)), ElementsAre(0, 1, 2, 3)) << "two values are needed in one dimension";
    observe(1, infinity, 3);
    EXPECT_EQ(history_.trials({}, 10).size(), 4U) << "diverged ones do not count";
    observe(2, 0.7, 3);
    const auto trials = history_.trials({}, 10);
    EXPECT_THAT(members(trials), ElementsAre(0, 1, 2));
    EXPECT_EQ(trials[2].objective, 0.7);
    EXPECT_EQ(trials[2].resource, 3);
}

TEST_F(HistoryTest, ASecondValueReplacesTheFirst) {
    born(0);
    observe(0, 1);
    observe(0, 2);
    EXPECT_EQ(history_.trials({}, 10).at(0).objective, 2);
}

TEST_F(HistoryTest, TheCapKeepsTheBestAndTheYoungest) {
    for (std::uint64_t i = 0; i < 10; ++i) {
        born(i);
        observe(i, static_cast<double>(i));
    }
    born(10);
    EXPECT_THAT(members(history_.trials({}, 4)), ElementsAre(0, 1, 8, 9, 10));
}

TEST_F(HistoryTest, TheCapWithoutGapsWhereTheBestAreTheYoungest) {
    for (std::uint64_t i = 0; i < 10; ++i) {
        born(i);
        observe(i, -static_cast<double>(i));
    }
    EXPECT_THAT(members(history_.trials({}, 4)), ElementsAre(6, 7, 8, 9));
}

/// 0 and 1 from scratch; 0 has the children 2 and 3; 2 has 4; 3 has 5; 1 has 6.
TEST_F(HistoryTest, ALineageKnowsItsAncestorsChildrenAndNoOthers) {
    born(0);
    born(1);
    born(2, {0});
    born(3, {0});
    born(4, {2});
    born(5, {3});
    born(6, {1});
    for (std::uint64_t i = 0; i < 6; ++i) observe(i, static_cast<double>(i));
    EXPECT_THAT(members(history_.trials({2}, 10)), ElementsAre(0, 1, 2, 3, 4));
    EXPECT_THAT(members(history_.trials({4}, 10)), ElementsAre(0, 1, 2, 3, 4));
    const auto other = history_.trials({1}, 10);
    EXPECT_THAT(members(other), ElementsAre(0, 1, 6));
    EXPECT_TRUE(other[2].pending);
    EXPECT_THAT(members(history_.trials({}, 10)), ElementsAre(0, 1)) << "children are no trials from scratch";
    EXPECT_EQ(history_.trials({2}, 10).back().time, 2);
    EXPECT_EQ(history_.time_of_child({2}), 2);
    EXPECT_EQ(history_.time_of_child({}), 0);
}

/// In PBT a member trains for many intervals before another takes over: its time goes on.
TEST_F(HistoryTest, TimeCountsTheTrainingsOfALineageNotItsBirths) {
    born(0);
    born(1);
    for (Resource at = 1; at <= 4; ++at) observe(0, 0.5, at);
    observe(1, 0.7, 1);
    born(2, {0}, 4);
    EXPECT_EQ(history_.time_of_child({0}), 4);
    auto trials = history_.trials({0}, 10);
    EXPECT_EQ(trials[0].time, 3);
    EXPECT_EQ(trials[1].time, 0);
    EXPECT_EQ(trials[2].time, 4);
    observe(2, 0.4, 5);
    observe(2, 0.3, 6);
    EXPECT_EQ(history_.trials({2}, 10)[2].time, 5);
    EXPECT_EQ(history_.time_of_child({2}), 6);
    EXPECT_EQ(history_.trials({}, 10)[0].time, 0) << "members from scratch are compared at one resource";
}

TEST_F(HistoryTest, TheCapHoldsForALineageAsAWhole) {
    born(0);
    for (std::uint64_t i = 1; i < 12; ++i) born(i, {i / 2});
    for (std::uint64_t i = 0; i < 12; ++i) observe(i, i == 0 ? -1.0 : static_cast<double>(i));
    // The lineage of 11: 0; children of 0, 1, 2, 5, 11.
    EXPECT_THAT(members(history_.trials({11}, 100)), ElementsAre(0, 1, 2, 3, 4, 5, 10, 11));
    EXPECT_THAT(members(history_.trials({11}, 4)), ElementsAre(0, 1, 10, 11));
}

TEST_F(HistoryTest, ALineageCountsTheValueAtTheHighestResource) {
    born(0);
    observe(0, 3, 1);
    observe(0, 2, 2);
    observe(0, 9, 1);  // late, of an earlier interval
    const auto trials = history_.trials({0}, 10);
    EXPECT_EQ(trials.at(0).objective, 2);
    EXPECT_EQ(trials.at(0).resource, 2);
}

TEST_F(HistoryTest, StepsAreChangesPerUnitOfResource) {
    born(0);
    observe(0, 3, 2);
    observe(0, 2, 4);
    born(1, {0}, 4);
    observe(1, 1.25, 7);  // from the parent's 2 at resource 4
    observe(1, infinity, 8);
    const auto steps = history_.steps({}, 10);
    ASSERT_EQ(steps.size(), 3U);
    EXPECT_EQ(steps[0].member, MemberId{0});
    EXPECT_EQ(steps[0].time, 4);
    EXPECT_DOUBLE_EQ(steps[0].change, -0.5);
    EXPECT_EQ(steps[1].member, MemberId{1});
    EXPECT_EQ(steps[1].time, 7);
    EXPECT_DOUBLE_EQ(steps[1].change, -0.25);
    EXPECT_TRUE(steps[2].diverged);
    EXPECT_EQ(history_.steps({}, 2).front().time, 7);
}

TEST_F(HistoryTest, StepsOfALineageLeaveOutOthers) {
    born(0);
    observe(0, 3, 1);
    born(1, {0}, 1);
    born(2, {0}, 1);
    born(3, {1}, 2);
    observe(1, 2, 2);
    observe(2, 2, 2);
    observe(3, 1, 3);
    EXPECT_EQ(history_.steps({}, 10).size(), 3U);
    const auto steps = history_.steps({2}, 10);
    ASSERT_EQ(steps.size(), 2U);
    EXPECT_EQ(steps[0].member, MemberId{1});
    EXPECT_EQ(steps[1].member, MemberId{2});
}

TEST_F(HistoryTest, AFailureIsNoTrialAtAnyResource) {
    for (std::uint64_t i = 0; i < 5; ++i) born(i);
    for (std::uint64_t i = 0; i < 4; ++i) observe(i, static_cast<double>(i), 1);
    observe(0, 0.5, 3);
    fail(0, Infeasibility::nonfinite, 9);
    fail(4, Infeasibility::out_of_memory, 1);
    const auto trials = history_.trials({}, 10);
    EXPECT_THAT(members(trials), ElementsAre(1, 2, 3)) << "neither the failed one that had reported nor a pending one";
    EXPECT_EQ(history_.failures(), 2U);
    born(5, {1}, 1);
    born(6, {1}, 1);
    observe(5, 0.1, 2);
    fail(5, Infeasibility::nonfinite, 3);
    fail(6, Infeasibility::refused, 2);
    EXPECT_THAT(members(history_.trials({1}, 10)), ElementsAre(1, 2, 3)) << "nor in a lineage";
}

TEST_F(HistoryTest, EachKindOfFailureHasThoseThatFailedAndThoseThatRan) {
    for (std::uint64_t i = 0; i < 8; ++i) born(i);
    EXPECT_TRUE(history_.feasibility(Infeasibility::nonfinite, 10).empty());
    observe(3, 1, 9);
    observe(0, 1, 1);
    observe(1, infinity, 1);  // has not learned, and yet it ran
    fail(2, Infeasibility::out_of_memory);
    EXPECT_EQ(labels(Infeasibility::out_of_memory), Labels({0, 1, 3}, {2}));
    EXPECT_TRUE(history_.feasibility(Infeasibility::nonfinite, 10).empty()) << "nothing failed so";
    fail(3, Infeasibility::nonfinite, 27);
    fail(4, Infeasibility::nonfinite, 1);
    fail(5, Infeasibility::refused);
    history_.given_up({6});
    EXPECT_EQ(labels(Infeasibility::nonfinite), Labels({0, 1}, {3, 4}));
    EXPECT_EQ(labels(Infeasibility::out_of_memory), Labels({0, 1, 3}, {2})) << "3 fitted into memory";
    EXPECT_EQ(labels(Infeasibility::refused), Labels({0, 1, 3}, {5}));
    EXPECT_EQ(history_.failures(), 4U);
    fail(3, Infeasibility::out_of_memory);
    EXPECT_EQ(history_.failures(), 4U) << "a member fails once";
}

TEST_F(HistoryTest, AFailedChildHasTheTimeOfItsBirth) {
    born(0);
    observe(0, 1, 1);
    observe(0, 1, 2);
    born(1, {0}, 2);
    fail(1, Infeasibility::nonfinite, 3);
    const auto trials = history_.feasibility(Infeasibility::nonfinite, 10);
    ASSERT_EQ(trials.size(), 2U);
    EXPECT_EQ(trials[0].time, 0);
    EXPECT_EQ(trials[1].time, 2);
    EXPECT_EQ(history_.time_of_child({0}), 2) << "as the next child's";
}

TEST_F(HistoryTest, TheCapKeepsTheLatestOfThoseThatFailedAndOfThoseThatRan) {
    for (std::uint64_t i = 0; i < 20; ++i) born(i);
    for (std::uint64_t i = 0; i < 10; ++i) fail(2 * i, Infeasibility::refused);
    EXPECT_EQ(labels(Infeasibility::refused, 4), Labels({}, {12, 14, 16, 18})) << "while none ran";
    observe(1, 1);
    EXPECT_EQ(labels(Infeasibility::refused, 4), Labels({1}, {14, 16, 18}));
    for (std::uint64_t i = 1; i < 10; ++i) observe(2 * i + 1, 1);
    EXPECT_EQ(labels(Infeasibility::refused, 4), Labels({17, 19}, {16, 18}));
    EXPECT_EQ(labels(Infeasibility::refused, 100).first.size(), 10U);
}

TEST_F(HistoryTest, UnknownMembersAreABug) {
    EXPECT_ERROR(observe(0, 1), InternalError, "the history was told of this member's birth");
    EXPECT_ERROR(history_.trials({0}, 10), InternalError, "the history was told of this member's birth");
    born(0);
    EXPECT_ERROR(born(0), InternalError, "a member is born once");
    EXPECT_ERROR(history_.trials({}, 1), InternalError, "needs cap >= 2");
}

}  // namespace
}  // namespace stemma
