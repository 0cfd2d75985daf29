// The whole job is killed and resumed: nothing that was recorded is lost, and the search goes on to its end.
#include <gtest/gtest.h>

#include "case.hpp"
#include "core/rng.hpp"

namespace stemma::testing {
namespace {

class Kills : public ::testing::TestWithParam<Kind> {};

INSTANTIATE_TEST_SUITE_P(EachScheduler, Kills, ::testing::ValuesIn(all_kinds),
                         [](const auto& each) { return name_of(each.param); });

/// Runs until the end. Is killed whenever the record holds one of `kills` (ascending) inputs.
void run_with_kills(const Case& drawn, const std::vector<std::uint64_t>& kills) {
    Recorder recorder(drawn.checkers());
    const auto journal = record::null_journal();
    auto settings = drawn.simulation;
    for (std::size_t incarnation = 0;; ++incarnation) {
        settings.max_inputs = incarnation < kills.size() ? kills[incarnation] : ~std::uint64_t{0};
        settings.incarnation = static_cast<std::uint32_t>(incarnation);
        settings.first_sequence = recorder.entries.size();
        settings.first_time = recorder.entries.empty() ? 0 : recorder.entries.back().input.time;
        auto manager = replayed(drawn, recorder.entries);
        if (!recorder.entries.empty()) recorder.checkers.compare(manager);
        const auto result = simulate(manager, curve(), settings, *journal, &recorder);
        recorder.checkers.compare(manager);
        ASSERT_FALSE(result.stalled) << simulation_report(result);
        if (settings.max_inputs == ~std::uint64_t{0}) {
            ASSERT_TRUE(result.ended);
            return;
        }
    }
}

std::uint64_t inputs_without_kill(const Case& drawn) {
    auto manager = drawn.make_manager();
    const auto journal = record::null_journal();
    return simulate(manager, curve(), drawn.simulation, *journal).inputs;
}

TEST_P(Kills, AtEveryInputLoseNothing) {
    const auto drawn = plain_case(GetParam(), 1);
    const auto inputs = inputs_without_kill(drawn);
    ASSERT_GT(inputs, 27U);
    for (std::uint64_t index = 1; index <= inputs; ++index) {
        SCOPED_TRACE("killed after " + std::to_string(index) + " inputs");
        ASSERT_NO_THROW(run_with_kills(drawn, {index}));
        if (HasFatalFailure()) return;
    }
}

TEST_P(Kills, WithLeasesInAdvanceLoseNothing) {
    const auto drawn = with_short_trainings(plain_case(GetParam(), 1));
    const auto inputs = inputs_without_kill(drawn);
    // The first ones of a start are only measured.
    for (std::uint64_t index = inputs * 3 / 4; index <= inputs; ++index) {
        SCOPED_TRACE("killed after " + std::to_string(index) + " inputs");
        ASSERT_NO_THROW(run_with_kills(drawn, {index}));
        if (HasFatalFailure()) return;
    }
}

/// As by a batch system: warned, ended in order, resumed with any number of workers.
TEST_P(Kills, CutIntoFivePiecesByTimeLimitsLosesNothing) {
    for (const auto seed : seeds(100)) {
        SCOPED_TRACE(how_to_replay(seed));
        const auto drawn = drawn_case(GetParam(), seed);
        Stream stream(seed, Purpose::test, 300 + static_cast<std::uint64_t>(GetParam()));
        Recorder recorder(drawn.checkers());
        const auto journal = record::null_journal();
        auto settings = drawn.simulation;
        for (std::uint32_t piece = 0; piece < 5; ++piece) {
            settings.incarnation = piece;
            settings.first_sequence = recorder.entries.size();
            settings.first_time = recorder.entries.empty() ? 0 : recorder.entries.back().input.time;
            settings.workers = static_cast<std::uint32_t>(1 + stream.below(20));
            settings.script.clear();
            if (piece < 4) {
                settings.script.emplace_back(settings.first_time + stream.uniform(1, 15),
                                             input::StopRequested{StopReason::time_limit});
            }
            SimulationResult result;
            ASSERT_NO_THROW({
                // One piece after another, or the same inputs in one go: replay compares each decision.
                auto manager = replayed(drawn, recorder.entries);
                result = simulate(manager, curve(), settings, *journal, &recorder);
                recorder.checkers.compare(manager);
            });
            ASSERT_FALSE(result.stalled) << simulation_report(result);
            ASSERT_TRUE(result.ended);
        }
        ASSERT_NO_THROW(replayed(drawn, recorder.entries));
    }
}

TEST_P(Kills, AtEveryInputAmongFaultsLoseNothing) {
    for (const auto seed : seeds(8)) {
        SCOPED_TRACE(how_to_replay(seed));
        const auto drawn = drawn_case(GetParam(), seed);
        const auto inputs = inputs_without_kill(drawn);
        for (std::uint64_t index = 1; index <= inputs; ++index) {
            SCOPED_TRACE("killed after " + std::to_string(index) + " inputs");
            ASSERT_NO_THROW(run_with_kills(drawn, {index}));
            if (HasFatalFailure()) return;
        }
    }
}

TEST_P(Kills, AgainAndAgainAmongFaultsLoseNothing) {
    for (const auto seed : seeds(200)) {
        SCOPED_TRACE(how_to_replay(seed));
        const auto drawn = drawn_case(GetParam(), seed);
        Stream stream(seed, Purpose::test, 200 + static_cast<std::uint64_t>(GetParam()));
        std::vector<std::uint64_t> kills;
        for (std::uint64_t index = 1 + stream.below(40); kills.size() < 6; index += 1 + stream.below(40)) {
            kills.push_back(index);
        }
        ASSERT_NO_THROW(run_with_kills(drawn, kills));
        if (HasFatalFailure()) return;
    }
}

}  // namespace
}  // namespace stemma::testing
