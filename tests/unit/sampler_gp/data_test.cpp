#include "sampler/gp/data.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>

namespace stemma::gp::test {
namespace {

using testing::ElementsAre;

struct MemoryTest : testing::Test {
    std::shared_ptr<const SearchSpace> space = std::make_shared<const SearchSpace>(
        std::vector<Parameter>{{"x", Real{0, 1, Scale::linear, {}}, Role::mutable_value, {}, {}}});
    GpSettings settings{.startup = 2, .data = 8};

    static void born(Memory& memory, std::uint64_t member, MemberId parent = {}, Resource from = 0) {
        const Configuration configuration{static_cast<double>(member) / 100};
        memory.born({{member}, parent, from, configuration});
    }
    static std::vector<std::uint64_t> members(const std::vector<Row>& rows) {
        std::vector<std::uint64_t> result;
        for (const auto& row : rows) result.push_back(row.member.value);
        return result;
    }
};

TEST_F(MemoryTest, TrialsAreSplitIntoObservedAndPending) {
    Memory memory(space, settings);
    for (std::uint64_t member = 0; member < 5; ++member) born(memory, member);
    memory.observe({{3}, 2, 0.5});
    memory.observe({{1}, 2, std::numeric_limits<double>::infinity()});
    memory.given_up({2});

    const auto data = memory.data({});

    EXPECT_THAT(members(data.observed), ElementsAre(1, 3));
    EXPECT_THAT(members(data.pending), ElementsAre(0, 4));
    EXPECT_FALSE(std::isfinite(data.observed[0].objective));
    EXPECT_EQ(data.observed[1].objective, 0.5);
    EXPECT_EQ(data.observed[1].resource, 2);
    EXPECT_EQ(data.observed[1].configuration[0], Value(0.03));
    EXPECT_EQ(data.next_time, 0);
}

TEST_F(MemoryTest, AFailureIsALabelAndNoTrial) {
    Memory memory(space, settings);
    for (std::uint64_t member = 0; member < 5; ++member) born(memory, member);
    memory.observe({{3}, 2, 0.5});
    memory.observe({{1}, 2, std::numeric_limits<double>::infinity()});
    memory.observe({{2}, 2, std::numeric_limits<double>::infinity(), {}, Infeasibility::refused});
    EXPECT_THAT(members(memory.data({}).observed), ElementsAre(1, 3));
    EXPECT_THAT(members(memory.data({}).pending), ElementsAre(0, 4));
    EXPECT_TRUE(memory.feasibility(Infeasibility::out_of_memory).empty());
    const auto rows = memory.feasibility(Infeasibility::refused);
    ASSERT_THAT(members(rows), ElementsAre(1, 2, 3));
    EXPECT_EQ(rows[0].objective, -1);
    EXPECT_EQ(rows[1].objective, 1);
    EXPECT_EQ(rows[2].objective, -1);
    memory.observe({{3}, 4, std::numeric_limits<double>::infinity(), {}, Infeasibility::refused});
    EXPECT_NE(memory.feasibility(Infeasibility::refused)[2].resource, rows[2].resource) << "a new label is a new row";
}

TEST_F(MemoryTest, TimeOfTrialsIsTheNumberOfTrainingsBefore) {
    Memory memory(space, settings);
    born(memory, 0), memory.observe({{0}, 5, 1});
    born(memory, 1, {0}, 5), memory.observe({{1}, 10, 1});
    born(memory, 2, {0}, 5);

    const auto data = memory.data({1});

    EXPECT_THAT(members(data.observed), ElementsAre(0, 1));
    EXPECT_EQ(data.observed[0].time, 0);
    EXPECT_EQ(data.observed[1].time, 1);
    ASSERT_THAT(members(data.pending), ElementsAre(2));
    EXPECT_EQ(data.pending[0].time, 1);
    EXPECT_EQ(data.next_time, 2);
}

TEST_F(MemoryTest, OnlyTheYoungestPendingCount) {
    Memory memory(space, settings);
    for (std::uint64_t member = 0; member < 10; ++member) born(memory, member);
    EXPECT_THAT(members(memory.data({}).pending), ElementsAre(6, 7, 8, 9));
}

TEST_F(MemoryTest, StepsPoolTheRunAndCountTimeInIntervals) {
    settings.objective = GpObjective::improvement;
    Memory memory(space, settings);
    born(memory, 0), memory.observe({{0}, 2, 5}), memory.observe({{0}, 4, 4});
    born(memory, 1, {0}, 4), memory.observe({{1}, 6, 1});
    born(memory, 2);
    memory.observe({{2}, 2, 9}), memory.observe({{2}, 4, 8.8});
    born(memory, 3, {1}, 6);

    const auto data = memory.data({1});

    ASSERT_THAT(members(data.observed), testing::UnorderedElementsAre(0, 1, 2));
    EXPECT_EQ(data.observed[0].objective, -0.5);
    EXPECT_EQ(data.observed[0].time, 2);
    EXPECT_EQ(data.observed[1].objective, -1.5);
    EXPECT_EQ(data.observed[1].time, 3);
    ASSERT_THAT(members(data.pending), ElementsAre(3));
    EXPECT_EQ(data.pending[0].time, 4);
    EXPECT_EQ(data.next_time, 4);
}

}  // namespace
}  // namespace stemma::gp::test
