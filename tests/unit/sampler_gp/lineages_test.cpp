#include "sampler/gp/lineages.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>

namespace stemma::gp::test {
namespace {

using testing::ElementsAre;

constexpr double infinity = std::numeric_limits<double>::infinity();
constexpr MemberId scratch = MemberId::none();

struct LineagesTest : testing::Test {
    Lineages lineages;
    Configuration configuration{0.5};

    void born(std::uint64_t member, MemberId parent = scratch, Resource from = 0) {
        lineages.born({{member}, parent, from, configuration});
    }
    void observe(std::uint64_t member, Resource resource, double objective) {
        lineages.observe({{member}, resource, objective});
    }
    static std::vector<std::uint64_t> members(const std::vector<Trial>& trials) {
        std::vector<std::uint64_t> result;
        for (const auto& trial : trials) result.push_back(trial.member.value);
        return result;
    }
};

TEST_F(LineagesTest, AChildKnowsWhatWasTriedBesideItsAncestors) {
    // 0 and 1 from scratch; 2, 3 are children of 0; 4 of 1; 5 of 2.
    born(0), born(1), born(2, {0}, 1), born(3, {0}, 1), born(4, {1}, 1), born(5, {2}, 2);
    for (std::uint64_t member = 0; member < 6; ++member) observe(member, 1, static_cast<double>(member));

    EXPECT_THAT(members(lineages.trials(scratch, 100, 1).observed), ElementsAre(0, 1));
    EXPECT_THAT(members(lineages.trials({0}, 100, 1).observed), ElementsAre(0, 1, 2, 3));
    EXPECT_THAT(members(lineages.trials({1}, 100, 1).observed), ElementsAre(0, 1, 4));
    EXPECT_THAT(members(lineages.trials({2}, 100, 1).observed), ElementsAre(0, 1, 2, 3, 5));
}

TEST_F(LineagesTest, TimeIsTheNumberOfTrainingsBefore) {
    born(0), born(1, {0}, 1), born(2, {1}, 2), born(3, {0}, 1);
    for (std::uint64_t member = 0; member < 4; ++member) observe(member, 1, 1);

    const auto found = lineages.trials({2}, 100, 1);

    ASSERT_THAT(members(found.observed), ElementsAre(0, 1, 2, 3));
    EXPECT_EQ(found.observed[0].time, 0);
    EXPECT_EQ(found.observed[1].time, 1);
    EXPECT_EQ(found.observed[2].time, 2);
    EXPECT_EQ(found.observed[3].time, 1);
    EXPECT_EQ(found.next_time, 3);
    EXPECT_EQ(lineages.trials({0}, 100, 1).next_time, 1);  // a parent that is kept does not age
    EXPECT_EQ(lineages.trials(scratch, 100, 1).next_time, 0);
}

TEST_F(LineagesTest, PendingUntilMeasuredOrGivenUp) {
    born(0), born(1), born(2);
    observe(0, 1, 0.5);
    lineages.given_up({1});
    lineages.given_up({0});

    const auto found = lineages.trials(scratch, 100, 1);

    EXPECT_THAT(members(found.observed), ElementsAre(0));
    EXPECT_THAT(members(found.pending), ElementsAre(2));
}

TEST_F(LineagesTest, WithoutParentTheLargestResourceWithEnoughMembersCounts) {
    for (std::uint64_t member = 0; member < 6; ++member) {
        born(member);
        observe(member, 1, static_cast<double>(member));
    }
    for (std::uint64_t member = 0; member < 3; ++member) observe(member, 3, 10.0 + static_cast<double>(member));
    observe(5, 2, infinity);  // diverged on its way to 3

    EXPECT_THAT(members(lineages.trials(scratch, 100, 4).observed), ElementsAre(0, 1, 2, 3, 4, 5));
    const auto at_3 = lineages.trials(scratch, 100, 3).observed;
    ASSERT_THAT(members(at_3), ElementsAre(0, 1, 2, 5));
    EXPECT_EQ(at_3[1].objective, 11);
    EXPECT_EQ(at_3[3].objective, infinity);
    EXPECT_EQ(lineages.trials(scratch, 100, 7).observed.size(), 6);
}

TEST_F(LineagesTest, TheCapKeepsTheLatestHalfAndTheBestOfTheRest) {
    for (std::uint64_t member = 0; member < 10; ++member) {
        born(member);
        observe(member, 1, member == 3 || member == 1 ? -1 : 1);
    }
    for (std::uint64_t member = 10; member < 20; ++member) born(member);

    const auto found = lineages.trials(scratch, 4, 1);

    EXPECT_THAT(members(found.observed), ElementsAre(1, 3, 8, 9));
    EXPECT_THAT(members(found.pending), ElementsAre(18, 19));
}

TEST_F(LineagesTest, StepsAreChangesPerTrainingAcrossBirths) {
    born(0);
    observe(0, 2, 5);
    observe(0, 4, 4);
    born(1, {0}, 4);
    observe(1, 6, 1);
    born(2, {1}, 6);

    const auto found = lineages.steps({1}, 100);

    ASSERT_THAT(members(found.observed), ElementsAre(0, 1));
    EXPECT_EQ(found.observed[0].objective, -0.5);
    EXPECT_EQ(found.observed[0].time, 1);
    EXPECT_EQ(found.observed[1].objective, -1.5);
    EXPECT_EQ(found.observed[1].time, 2);
    ASSERT_THAT(members(found.pending), ElementsAre(2));
    EXPECT_EQ(found.pending[0].time, 3);
    EXPECT_EQ(found.next_time, 3);
}

TEST_F(LineagesTest, AStepOutOfADivergedMeasurementIsNone) {
    born(0);
    observe(0, 1, 5);
    observe(0, 2, infinity);
    observe(0, 3, 2);
    const auto steps = lineages.steps(scratch, 100).observed;
    ASSERT_EQ(steps.size(), 1);
    EXPECT_EQ(steps[0].objective, infinity);
}

}  // namespace
}  // namespace stemma::gp::test
