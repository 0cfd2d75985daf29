// Messages arrive in any order: results that must not depend on the order do not.
#include <gtest/gtest.h>

#include "case.hpp"

namespace stemma::testing {
namespace {

Case shuffled(Kind kind, std::uint64_t seed) {
    auto drawn = plain_case(kind, 5);  // the search is one and the same
    drawn.simulation.seed = seed;      // the machine is not
    drawn.simulation.workers = 9;
    drawn.simulation.seconds_per_unit = 0.001;
    drawn.simulation.faults.delay = 1;
    drawn.simulation.faults.delay_seconds = 100;
    return drawn;
}

TEST(Orders, BreakNoInvariantUnderAnyScheduler) {
    for (const auto kind : all_kinds) {
        for (const auto seed : seeds(100)) {
            SCOPED_TRACE(name_of(kind) + ": " + how_to_replay(seed));
            const auto drawn = shuffled(kind, seed);
            Ran ran;
            ASSERT_NO_THROW(ran = checked_run(drawn));
            ASSERT_TRUE(ran.result.ended);
        }
    }
}

TEST(Orders, RandomSearchFindsTheSameInAnyOrder) {
    std::vector<double> expected;
    for (const auto seed : seeds(100)) {
        SCOPED_TRACE(how_to_replay(seed));
        const auto drawn = shuffled(Kind::random, seed);
        auto manager = drawn.make_manager();
        const auto journal = record::null_journal();
        simulate(manager, curve(), drawn.simulation, *journal);
        ASSERT_EQ(manager.member_count(), drawn.manager.budget.members);
        std::vector<double> metrics;
        for (std::uint64_t id = 0; id < manager.member_count(); ++id) metrics.push_back(manager.member({id}).metric);
        if (expected.empty()) expected = metrics;
        ASSERT_EQ(metrics, expected);
    }
}

}  // namespace
}  // namespace stemma::testing
