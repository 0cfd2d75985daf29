// No population loses itself: with any size and any rules, for any course of its metric.
#include <gtest/gtest.h>

#include <cmath>
#include <functional>
#include <map>
#include <vector>

#include "case.hpp"
#include "core/rng.hpp"
#include "scheduler/pbt.hpp"

namespace stemma::testing {
namespace {

struct Setting {
    const char* name;
    std::function<void(PbtSettings&)> change;
};

const std::vector<Setting>& settings_tried() {
    static const std::vector<Setting> all = {
        {"default", [](PbtSettings&) {}},
        {"halves", [](PbtSettings& s) { s.bottom = s.top = 0.5; }},
        {"ray_tune", [](PbtSettings& s) { s.bottom = s.top = pbt_ray().bottom; }},
        {"tournament", [](PbtSettings& s) { s.selection = PbtSelection::binary_tournament; }},
        {"t_test",
         [](PbtSettings& s) {
             s.selection = PbtSelection::t_test;
             s.t_test_reports = 3;
             s.t_test_level = 0.3;
         }},
        {"periods",
         [](PbtSettings& s) {
             s.periods = {1, 2, 4, 8};
             s.periods.resize(std::min<std::size_t>(4, s.population));
         }},
        {"mf_pbt",
         [](PbtSettings& s) {
             s.periods = {1, 2, 4, 8};
             s.periods.resize(std::min<std::size_t>(4, s.population));
             s.bottom = s.top = pbt_multi_frequency().bottom;
             s.migrants = PbtMigrants::lower_half;
         }},
        {"mf_pbt with backtracking",
         [](PbtSettings& s) {
             s.periods = {1, 3};
             s.periods.resize(std::min<std::size_t>(2, s.population));
             s.migrants = PbtMigrants::lower_half;
             s.backtrack_after = 1;
         }},
        {"backtracking",
         [](PbtSettings& s) {
             s.backtrack_after = 2;
             s.backtracks = 3;
         }},
        {"backtracking at once",
         [](PbtSettings& s) {
             s.backtrack_after = 1;
             s.bottom = s.top = 0.5;
         }},
        {"burn_in", [](PbtSettings& s) { s.burn_in = 3; }},
        {"interval", [](PbtSettings& s) { s.interval = 4; }},
    };
    return all;
}

enum class Shape { falling, rising, flat, u_shaped, noise };
constexpr Shape shapes[] = {Shape::falling, Shape::rising, Shape::flat, Shape::u_shaped, Shape::noise};

/// A loss that changes so with training, with more or less noise.
LearningCurve curve_of(Shape shape, double noise) {
    return [=](MemberId, ConfigurationView configuration, std::uint64_t seed, Resource resource,
               std::vector<double>& metrics) {
        const double rate = std::log10(std::get<double>(configuration[0])) + 2;
        const double trained = static_cast<double>(resource);
        Stream stream(seed, Purpose::surface, static_cast<std::uint64_t>(resource));
        double loss = 0.1 * rate * rate;
        if (shape == Shape::falling) loss += 3 / (1 + trained);
        if (shape == Shape::rising) loss += 0.1 * trained;
        if (shape == Shape::flat) loss = 0.5;
        if (shape == Shape::u_shaped) loss += 0.01 * (trained - 7) * (trained - 7);
        if (shape == Shape::noise) loss = stream.normal();
        if (shape != Shape::flat) loss += noise * stream.normal();
        metrics.push_back(loss);
        metrics.push_back(-loss);
    };
}

Case population_case(std::uint32_t population, const Setting& setting, std::uint64_t seed) {
    auto search = plain_case(Kind::pbt, seed);
    search.simulation.path = nullptr;
    search.manager.budget = {};
    search.manager.maximize = seed % 2 == 1;
    search.manager.metric = search.simulation.metric = search.manager.maximize ? 1 : 0;
    search.simulation.maximize = search.manager.maximize;
    PbtSettings settings;
    settings.population = population;
    settings.max = 14;
    settings.seed = seed;
    setting.change(settings);
    search.pbt = settings;
    return search;
}

struct Found {
    SimulationResult result;
    std::uint64_t from_scratch = 0;
    std::vector<MemberId> holders = {};  ///< of the population's places, as births say
    bool places_change_hands = true;     ///< each member took an empty place, or that of its last holder
};

Found run(const Case& search, Shape shape) {
    Recorder recorder(search.checkers());
    auto manager = search.make_manager();
    const auto journal = record::null_journal();
    Found found;
    found.result = simulate(manager, curve_of(shape, 0.05), search.simulation, *journal, &recorder);
    recorder.checkers.compare(manager);
    std::map<MemberId, std::size_t> place_of;
    // Where no child of a lineage's best can be born any more, the best itself goes on, and no birth tells its place.
    bool told = true;
    for (const auto& entry : recorder.entries) {
        for (const auto& effect : entry.effects) {
            if (const auto* train = std::get_if<effect::Train>(&effect))
                told = told && found.holders[place_of[train->member]] == train->member;
            const auto* born = std::get_if<effect::Born>(&effect);
            if (born == nullptr) continue;
            found.from_scratch += born->cause == BirthCause::sampled ? 1 : 0;
            const auto replaced = born->place->replaced;
            const auto place = replaced.exists() ? place_of.at(replaced) : found.holders.size();
            if (!replaced.exists()) found.holders.emplace_back();
            if (replaced.exists() && told) found.places_change_hands &= found.holders[place] == replaced;
            found.holders[place] = born->member;
            place_of[born->member] = place;
        }
    }
    return found;
}

std::string text_of(const Case& search, const Setting& setting, Shape shape) {
    return std::string(setting.name) + ", population " + std::to_string(search.pbt->population) + ", curve " +
           std::to_string(static_cast<int>(shape)) + ", " + std::to_string(search.simulation.workers) +
           " workers: " + how_to_replay(search.simulation.seed);
}

/// All cases, once without and once with the faults that `fault` adds.
void try_all(std::uint64_t count, const std::function<void(Case&, std::uint64_t)>& fault,
             const std::function<void(const Case&, const Found&)>& expect) {
    for (const auto seed : seeds(count)) {
        for (const auto& setting : settings_tried()) {
            for (const auto shape : shapes) {
                for (const std::uint32_t population : {1, 2, 3, 4, 5, 8, 20}) {
                    auto search = population_case(population, setting, seed);
                    search.simulation.workers = std::array<std::uint32_t, 4>{1, 2, 4, population}[seed % 4];
                    fault(search, seed);
                    SCOPED_TRACE(text_of(search, setting, shape));
                    Found found;
                    ASSERT_NO_THROW(found = run(search, shape));
                    ASSERT_TRUE(found.result.ended) << simulation_report(found.result);
                    EXPECT_TRUE(found.places_change_hands);
                    EXPECT_LE(found.holders.size(), population);
                    expect(search, found);
                }
            }
        }
    }
}

TEST(Populations, WithoutFailuresOnlyFoundersAreFromScratchAndFewReportsAreExtra) {
    const auto steady = [](Case& search, std::uint64_t seed) {
        search.simulation.noise = DurationNoise::none;
        if (seed % 3 == 1) search.simulation.noise = DurationNoise::half_normal;
    };
    try_all(8, steady, [](const Case& search, const Found& found) {
        EXPECT_EQ(found.from_scratch, search.pbt->population);
        const auto straight = static_cast<double>(expected_reports(*search.pbt));
        EXPECT_LE(static_cast<double>(found.result.totals.reports), 1.4 * straight);
    });
}

TEST(Populations, WithStragglersLikewise) {
    const auto straggling = [](Case& search, std::uint64_t seed) {
        search.simulation.faults.stall = 0.3;
        search.simulation.faults.stall_seconds = 3 + static_cast<double>(seed % 5);
    };
    try_all(8, straggling, [](const Case& search, const Found& found) {
        EXPECT_EQ(found.from_scratch, search.pbt->population);
        const auto straight = static_cast<double>(expected_reports(*search.pbt));
        EXPECT_LE(static_cast<double>(found.result.totals.reports), 1.4 * straight);
    });
}

/// The checkers watch which members are born from scratch.
TEST(Populations, WithFailuresNobodyIsBornFromScratchWhileSomebodyLives) {
    const auto failing = [](Case& search, std::uint64_t seed) {
        auto& faults = search.simulation.faults;
        faults.nonfinite = seed % 2 == 0 ? 0.1 : 0.3;
        faults.diverge = seed % 3 == 0 ? 0.1 : 0;
        faults.drop_per_second = seed % 3 == 1 ? 0.1 : 0;
        faults.death_per_second = seed % 4 == 2 ? 0.02 : 0;
        faults.respawn_seconds = 1;
        faults.persist_failure = seed % 5 == 0 ? 0.3 : 0;
        if (seed % 5 == 1) search.manager.durable = DurablePolicy::none;
        if (seed % 7 == 1) search.manager.budget.members = search.pbt->population + 5;
    };
    try_all(12, failing, [](const Case& search, const Found& found) {
        EXPECT_LE(found.result.totals.reports, most_reports(*search.pbt));
    });
}

/// GPBT begins anew only if no member of a generation lives.
TEST(Populations, GenerationsOfThoseWhoLiveAreNotThrownAway) {
    std::uint64_t members = 0;
    for (const auto seed : seeds(300)) {
        for (const auto shape : shapes) {
            SCOPED_TRACE(how_to_replay(seed));
            auto search = plain_case(Kind::gpbt, seed);
            search.simulation.path = nullptr;
            search.manager.budget = {};
            search.simulation.faults.nonfinite = seed % 2 == 0 ? 0.3 : 0.6;
            search.simulation.faults.death_per_second = seed % 3 == 0 ? 0.05 : 0;
            search.simulation.faults.respawn_seconds = 1;
            search.manager.durable = seed % 3 == 1 ? DurablePolicy::none : DurablePolicy::promotable;
            Found found;
            ASSERT_NO_THROW(found = run(search, shape));
            ASSERT_TRUE(found.result.ended);
            members += found.result.totals.members;
        }
    }
    EXPECT_GT(members, 10'000U);
}

}  // namespace
}  // namespace stemma::testing
