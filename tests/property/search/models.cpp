// Models that come late: the search does not wait for them, the log says so, and replay and resume are exact.
#include <gtest/gtest.h>

#include <algorithm>

#include "case.hpp"
#include "sampler/gp/gp.hpp"
#include "scheduler/gpbt.hpp"
#include "scheduler/random_search.hpp"

namespace stemma::testing {
namespace {

std::shared_ptr<const SearchSpace> plane() {
    std::vector<Parameter> parameters(2);
    parameters[0].name = "rate";
    parameters[0].role = Role::mutable_value;
    parameters[0].domain = Real{1e-4, 1, Scale::log, {}};
    parameters[1].name = "width";
    parameters[1].role = Role::mutable_value;
    parameters[1].domain = Integer{1, 8, Scale::linear, {}};
    return std::make_shared<const SearchSpace>(std::move(parameters));
}

/// A search whose model is fitted elsewhere from the sixth trial on.
struct Search {
    bool lineages = false;
    bool waits = false;
    SimulationSettings simulation;

    Manager make_manager() const {
        GpSettings gp;
        gp.refit_always = 5;
        gp.refit_every = 2;
        gp.fit_elsewhere = true;
        gp.search = {.random_candidates = 20, .local_candidates = 10, .refined = 1, .refinement_evaluations = 3};
        GpbtSettings gpbt;
        gpbt.children = 6;
        gpbt.max = 5;
        gpbt.founders = 1;
        gpbt.parents_compete = true;
        auto scheduler = lineages ? make_gpbt(gpbt) : make_random_search({.max = 1});
        return Manager(ManagerSettings{.seed = simulation.seed, .budget = {.members = 30}, .wait_for_models = waits},
                       *plane(), std::move(scheduler), make_gp_sampler(plane(), simulation.seed, gp));
    }
};

Search drawn_search(std::uint64_t seed) {
    Search search;
    search.lineages = seed % 2 == 1;
    search.simulation.seed = seed;
    search.simulation.workers = 3;
    search.simulation.noise = DurationNoise::lognormal;
    search.simulation.noise_sd = 0.5;
    search.simulation.fit_seconds = seed % 3 == 0 ? 0.1 : 2;  // of trainings of one second
    return search;
}

struct Taped : SimulationObserver {
    std::vector<record::Entry> entries;
    void on(const Input& input, std::span<const Effect> effects) override {
        entries.push_back({input, {effects.begin(), effects.end()}});
    }
};

std::size_t late(const std::vector<record::Entry>& entries) {
    std::size_t count = 0;
    for (const auto& entry : entries) {
        for (const auto& effect : entry.effects) {
            const auto* noted = std::get_if<effect::Noted>(&effect);
            count += noted != nullptr && noted->kind == EventKind::model_late ? 1 : 0;
        }
    }
    return count;
}

std::size_t fitted(const std::vector<record::Entry>& entries) {
    return static_cast<std::size_t>(std::ranges::count_if(entries, [](const record::Entry& entry) {
        return std::holds_alternative<input::ModelFitted>(entry.input.body);
    }));
}

/// Replayed from the record, which is exact.
Manager replay_of(const Search& search, const std::vector<record::Entry>& entries) {
    auto manager = search.make_manager();
    ProposalCheck check;
    for (const auto& entry : entries) {
        Effects effects;
        manager.replay(entry.input, entry.effects, effects, check);
        Bytes recorded;
        Bytes recomputed;
        for (const auto& effect : entry.effects) record::encode(effect, recorded);
        for (const auto& effect : effects) record::encode(effect, recomputed);
        EXPECT_EQ(recorded, recomputed) << "at input " << entry.input.sequence;
    }
    EXPECT_EQ(check.near + check.different, 0U);
    return manager;
}

TEST(Models, ComeLateAndNobodyWaits) {
    for (const auto seed : seeds(12)) {
        SCOPED_TRACE(how_to_replay(seed));
        const auto search = drawn_search(seed);
        auto manager = search.make_manager();
        Taped tape;
        const auto journal = record::null_journal();
        const auto result = simulate(manager, curve(), search.simulation, *journal, &tape);
        ASSERT_TRUE(result.ended);
        ASSERT_GE(manager.member_count(), 30U) << "repeats do not count";
        EXPECT_GT(fitted(tape.entries), 0U);
        if (search.simulation.fit_seconds > 1) {
            EXPECT_GT(late(tape.entries), 0U);
        }
        replay_of(search, tape.entries);
    }
}

/// The proposals, in order.
std::vector<Configuration> proposed(const std::vector<record::Entry>& entries) {
    std::vector<Configuration> configurations;
    for (const auto& entry : entries) {
        for (const auto& effect : entry.effects) {
            if (const auto* born = std::get_if<effect::Born>(&effect)) configurations.push_back(born->configuration);
        }
    }
    return configurations;
}

std::vector<Configuration> proposed_with_fits_of(Search search, double seconds) {
    search.simulation.fit_seconds = seconds;
    search.simulation.workers = 1;
    auto manager = search.make_manager();
    Taped tape;
    const auto journal = record::null_journal();
    EXPECT_TRUE(simulate(manager, curve(), search.simulation, *journal, &tape).ended);
    EXPECT_GE(manager.member_count(), 30U);
    replay_of(search, tape.entries);
    return proposed(tape.entries);
}

TEST(Models, WaitedForMakeProposalsThatDoNotDependOnTheTimeOfAFit) {
    std::size_t differ = 0;
    for (const auto seed : seeds(6)) {
        SCOPED_TRACE(how_to_replay(seed));
        auto search = drawn_search(seed);
        differ += proposed_with_fits_of(search, 0.01) == proposed_with_fits_of(search, 20) ? 0 : 1;
        search.waits = true;
        EXPECT_EQ(proposed_with_fits_of(search, 0.01), proposed_with_fits_of(search, 20));
    }
    EXPECT_GT(differ, 0U) << "without waiting they do";
}

/// It ended by its budget of members, or GPBT by its last generation. A kill takes the snapshots in memory, and a
/// generation that loses all its parents closes as it is: only then are there fewer members.
void expect_whole(const Search& search, const Manager& manager, EndReason reason) {
    if (reason != EndReason::budget_members) {
        ASSERT_TRUE(search.lineages);
        EXPECT_EQ(reason, EndReason::exhausted);
        const auto generations = manager.scheduler().rungs();
        ASSERT_EQ(generations.size(), 5U);
        EXPECT_GE(generations.front().finished, 6U);
        if (std::ranges::any_of(generations, [](const RungRow& row) { return row.entered < 6; })) return;
    }
    EXPECT_GE(manager.member_count(), 30U) << "repeats do not count";
}

TEST(Models, AKillAtAnyInputLosesNoFitThatIsWanted) {
    for (const auto seed : seeds(4)) {
        SCOPED_TRACE(how_to_replay(seed));
        auto search = drawn_search(seed);
        search.waits = seed % 4 >= 2;
        auto whole = search.make_manager();
        Taped all;
        const auto journal = record::null_journal();
        simulate(whole, curve(), search.simulation, *journal, &all);
        for (std::size_t kill = 1; kill < all.entries.size(); kill += 5) {
            SCOPED_TRACE("killed after " + std::to_string(kill) + " inputs");
            const std::vector<record::Entry> before(all.entries.begin(),
                                                    all.entries.begin() + static_cast<std::ptrdiff_t>(kill));
            auto resumed = replay_of(search, before);
            auto settings = search.simulation;
            settings.incarnation = 1;
            settings.first_sequence = kill;
            settings.first_time = before.back().input.time;
            Taped after;
            const auto result = simulate(resumed, curve(), settings, *journal, &after);
            ASSERT_TRUE(result.ended);
            expect_whole(search, resumed, result.reason);
            auto entries = before;
            entries.insert(entries.end(), after.entries.begin(), after.entries.end());
            replay_of(search, entries);
        }
    }
}

}  // namespace
}  // namespace stemma::testing
