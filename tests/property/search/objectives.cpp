// Searches with two objectives: under faults they hold what every search holds, and are replayed bit for bit.
#include <gtest/gtest.h>

#include "case.hpp"
#include "outcome/outcome.hpp"

namespace stemma::testing {
namespace {

constexpr Kind kinds[] = {Kind::random, Kind::sha, Kind::hyperband, Kind::asha, Kind::asha_hyperband};

/// What is good for the one metric is bad for the other, but for noise.
Case of_two(Kind kind, std::uint64_t seed) {
    auto drawn = drawn_case(kind, seed);
    drawn.manager.metric = drawn.simulation.metric = 0;
    drawn.manager.maximize = drawn.simulation.maximize = false;
    drawn.manager.more = {{1, seed % 2 == 1}};
    drawn.manager.budget.target.reset();
    return drawn;
}

TEST(TwoObjectives, BreakNoInvariantAndAreReplayed) {
    for (const auto kind : kinds) {
        for (const auto seed : seeds(60)) {
            SCOPED_TRACE(name_of(kind) + ": " + how_to_replay(seed));
            const auto drawn = of_two(kind, seed);
            Ran ran;
            ASSERT_NO_THROW(ran = checked_run(drawn));
            std::optional<Manager> again;
            ASSERT_NO_THROW(again.emplace(replayed(drawn, ran.entries)));
            ASSERT_EQ(again->ended(), ran.manager_ended);
            const auto front = again->front();
            ASSERT_EQ(again->best().has_value(), !front.empty());
            if (front.empty()) continue;
            ASSERT_EQ(front[0].member, again->best()->member);
            for (const auto& one : front) {
                for (const auto& other : front) ASSERT_FALSE(dominates(one.objectives, other.objectives));
            }
        }
    }
}

TEST(TwoObjectives, AshaPromotesAtMostTheTopOfEachRung) {
    std::uint64_t promoted = 0;
    for (const auto kind : {Kind::asha, Kind::asha_hyperband}) {
        for (const auto seed : seeds(60)) {
            SCOPED_TRACE(name_of(kind) + ": " + how_to_replay(seed));
            const auto drawn = of_two(kind, seed);
            const auto manager = replayed(drawn, checked_run(drawn).entries);
            for (const auto& row : manager.scheduler().rungs()) {
                ASSERT_LE(row.promoted, row.finished / drawn.eta);
                promoted += row.promoted;
            }
        }
    }
    EXPECT_GT(promoted, 0U);
}

}  // namespace
}  // namespace stemma::testing
