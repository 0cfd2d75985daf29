// A training budget is used up to its last unit, and never exceeded. The checkers watch both.
#include <gtest/gtest.h>

#include "case.hpp"
#include "core/rng.hpp"

namespace stemma::testing {
namespace {

class Budgets : public ::testing::TestWithParam<Kind> {};

INSTANTIATE_TEST_SUITE_P(EachScheduler, Budgets, ::testing::ValuesIn(all_kinds),
                         [](const auto& each) { return name_of(each.param); });

SimulationResult run(const Case& search) {
    Recorder recorder(search.checkers());
    auto manager = search.make_manager();
    const auto journal = record::null_journal();
    const auto result = simulate(manager, curve(), search.simulation, *journal, &recorder);
    recorder.checkers.compare(manager);
    replayed(search, recorder.entries);
    return result;
}

Case limited(Kind kind, std::uint64_t seed) {
    auto search = plain_case(kind, seed);
    Stream stream(seed, Purpose::test, 600 + static_cast<std::uint64_t>(kind));
    search.eta = static_cast<std::uint32_t>(2 + stream.below(3));
    search.max = std::array<Resource, 4>{9, 27, 50, 81}[stream.below(4)];
    search.manager.budget = {};
    search.manager.budget.resource = 1 + stream.below(300);
    search.manager.budget.members = 1000;  // SHA's first rung
    search.manager.leases_ahead = search.simulation.leases_ahead = static_cast<std::uint32_t>(stream.below(3));
    search.simulation.workers = static_cast<std::uint32_t>(1 + stream.below(8));
    return search;
}

TEST_P(Budgets, AreUsedUpToTheLastUnit) {
    for (const auto seed : seeds(150)) {
        SCOPED_TRACE(how_to_replay(seed));
        const auto search = limited(GetParam(), seed);
        SimulationResult result;
        ASSERT_NO_THROW(result = run(search));
        ASSERT_TRUE(result.ended) << simulation_report(result);
        if (result.reason == EndReason::exhausted) continue;  // a population that has ended
        ASSERT_EQ(result.reason, EndReason::budget_resource);
        ASSERT_EQ(result.totals.resource, search.manager.budget.resource);
    }
}

TEST_P(Budgets, AreNeverExceededWhateverFails) {
    for (const auto seed : seeds(150)) {
        SCOPED_TRACE(how_to_replay(seed));
        auto search = limited(GetParam(), seed);
        auto& faults = search.simulation.faults;
        faults.drop_per_second = seed % 2 == 0 ? 0.02 : 0;
        faults.diverge = 0.05;
        faults.nonfinite = 0.05;
        faults.infeasible = 0.05;
        faults.death_per_second = seed % 3 == 0 ? 0.01 : 0;
        faults.respawn_seconds = 1;
        search.manager.durable = seed % 4 == 0 ? DurablePolicy::none : DurablePolicy::promotable;
        SimulationResult result;
        ASSERT_NO_THROW(result = run(search));
        ASSERT_TRUE(result.ended) << simulation_report(result);
        ASSERT_LE(result.totals.resource, search.manager.budget.resource);
    }
}

}  // namespace
}  // namespace stemma::testing
