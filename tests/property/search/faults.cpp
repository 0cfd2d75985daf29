// Many searches with all kinds of faults at once. Every checker watches each of them.
#include <gtest/gtest.h>

#include <algorithm>
#include <map>

#include "case.hpp"
#include "core/rng.hpp"

namespace stemma::testing {
namespace {

class Faults : public ::testing::TestWithParam<Kind> {};

INSTANTIATE_TEST_SUITE_P(EachScheduler, Faults, ::testing::ValuesIn(all_kinds),
                         [](const auto& each) { return name_of(each.param); });

TEST_P(Faults, BreakNoInvariantAndEverySearchEnds) {
    for (const auto seed : seeds(1300)) {
        SCOPED_TRACE(how_to_replay(seed));
        const auto drawn = drawn_case(GetParam(), seed);
        Ran ran;
        ASSERT_NO_THROW(ran = checked_run(drawn));
        ASSERT_FALSE(ran.result.stalled) << simulation_report(ran.result);
        ASSERT_TRUE(ran.result.ended);
        ASSERT_TRUE(ran.manager_ended);
    }
}

TEST_P(Faults, BreakNoInvariantWhereLeasesAreGivenInAdvance) {
    std::uint64_t most = 0;  // leases out for each worker
    for (const auto seed : seeds(100)) {
        SCOPED_TRACE(how_to_replay(seed));
        const auto drawn = with_short_trainings(drawn_case(GetParam(), seed));
        Ran ran;
        ASSERT_NO_THROW({
            ran = checked_run(drawn);
            replayed(drawn, ran.entries);
        });
        ASSERT_FALSE(ran.result.stalled) << simulation_report(ran.result);
        ASSERT_TRUE(ran.manager_ended);
        std::map<WorkerId, std::uint64_t> out;
        for (const auto& entry : ran.entries) {
            for (const auto& effect : entry.effects) {
                if (const auto* lease = std::get_if<effect::Train>(&effect))
                    most = std::max(most, ++out[lease->worker]);
            }
            if (const auto* report = std::get_if<input::Report>(&entry.input.body)) --out[report->worker];
        }
    }
    EXPECT_GT(most, 1U) << "some were";
}

TEST_P(Faults, SameSeedGivesTheSameHistory) {
    for (const auto seed : seeds(100)) {
        SCOPED_TRACE(how_to_replay(seed));
        const auto drawn = drawn_case(GetParam(), seed);
        std::uint64_t digests[2];
        for (auto& each : digests) {
            Recorder recorder(drawn.checkers());
            auto manager = drawn.make_manager();
            const auto journal = record::null_journal();
            simulate(manager, curve(), drawn.simulation, *journal, &recorder);
            each = digest(recorder.entries);
        }
        ASSERT_EQ(digests[0], digests[1]);
    }
}

TEST_P(Faults, UsersMayStopMembersAndChangeBudgetsAtAnyTime) {
    for (const auto seed : seeds(300)) {
        SCOPED_TRACE(how_to_replay(seed));
        auto drawn = drawn_case(GetParam(), seed);
        Stream stream(seed, Purpose::test, 100 + static_cast<std::uint64_t>(GetParam()));
        for (int change = 0; change < 6; ++change) {
            const double when = stream.uniform(0, 60);
            if (stream.below(2) == 0) {
                drawn.simulation.script.emplace_back(when, input::MemberStopped{{stream.below(20)}});
            } else {
                auto budget = drawn.manager.budget;
                budget.members += stream.below(20);
                drawn.simulation.script.emplace_back(when, input::BudgetChanged{budget, drawn.max});
            }
        }
        if (stream.below(3) == 0) drawn.simulation.script.emplace_back(stream.uniform(0, 60), input::StopRequested{});
        Recorder recorder(drawn.checkers());
        auto manager = drawn.make_manager();
        const auto journal = record::null_journal();
        SimulationResult result;
        ASSERT_NO_THROW({
            result = simulate(manager, curve(), drawn.simulation, *journal, &recorder);
            recorder.checkers.compare(manager);
        });
        ASSERT_FALSE(result.stalled) << simulation_report(result);
    }
}

}  // namespace
}  // namespace stemma::testing
