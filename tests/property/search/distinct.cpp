// In a finite space no configuration is tried twice: whatever the sampler, the number of workers, faults, and kills.
#include <gtest/gtest.h>

#include <cmath>
#include <set>

#include "case.hpp"
#include "sampler/distinct.hpp"
#include "sampler/gp/gp.hpp"
#include "sampler/random.hpp"
#include "sampler/sobol.hpp"
#include "sampler/tpe.hpp"
#include "scheduler/random_search.hpp"

namespace stemma::testing {
namespace {

/// `parameters` choices of `values` values each, with a rate that has steps.
std::shared_ptr<const SearchSpace> table(std::size_t parameters, std::size_t values) {
    std::vector<Parameter> all(parameters + 1);
    for (std::size_t i = 0; i < parameters; ++i) {
        std::vector<Literal> own;
        for (std::size_t value = 0; value < values; ++value) own.emplace_back(static_cast<std::int64_t>(value));
        all[i].name = "p" + std::to_string(i);
        all[i].domain = Categorical{own};
    }
    all[parameters].name = "rate";
    all[parameters].domain = Ordinal{{0.001, 0.01, 0.1}};
    return std::make_shared<const SearchSpace>(std::move(all));
}

enum class Model { random, sobol, tpe, tpe_multivariate, gp };
constexpr Model models[] = {Model::random, Model::sobol, Model::tpe, Model::tpe_multivariate, Model::gp};

std::unique_ptr<Sampler> make_base(Model model, const std::shared_ptr<const SearchSpace>& space, std::uint64_t seed) {
    TpeSettings tpe;
    GpSettings gp;
    gp.search = {.random_candidates = 40, .local_candidates = 20, .refined = 1, .refinement_evaluations = 3};
    gp.fit_elsewhere = true;
    gp.cold_evaluations = gp.warm_evaluations = 4;
    switch (model) {
        case Model::random:
            return make_random_sampler(space, seed);
        case Model::sobol:
            return make_sobol_sampler(space, seed);
        case Model::tpe:
            return make_tpe_sampler(space, seed, tpe);
        case Model::tpe_multivariate:
            tpe.multivariate = true;
            return make_tpe_sampler(space, seed, tpe);
        case Model::gp:
            return make_gp_sampler(space, seed, gp);
    }
    return nullptr;
}

struct Search {
    Model model = Model::random;
    std::shared_ptr<const SearchSpace> space;
    std::uint64_t members = 100;  ///< 0: no limit
    SimulationSettings simulation = {};

    Manager make_manager() const {
        const auto seed = simulation.seed;
        return Manager(ManagerSettings{.seed = seed, .budget = {.members = members}}, *space,
                       make_random_search({.max = 1}),
                       make_distinct_sampler(space, seed, make_base(model, space, seed)));
    }
};

/// A loss of the choices, with equal values among them, as tables have.
const LearningCurve& table_curve() {
    static const LearningCurve value = [](MemberId, ConfigurationView configuration, std::uint64_t, Resource,
                                          std::vector<double>& metrics) {
        double loss = 0;
        for (const auto& choice : configuration) {
            if (const auto* own = std::get_if<Choice>(&choice)) loss += std::abs(static_cast<double>(own->index) - 1);
        }
        metrics.push_back(loss);
    };
    return value;
}

struct Taped : SimulationObserver {
    std::vector<record::Entry> entries;
    void on(const Input& input, std::span<const Effect> effects) override {
        entries.push_back({input, {effects.begin(), effects.end()}});
    }
};

std::vector<Configuration> proposed(const std::vector<record::Entry>& entries) {
    std::vector<Configuration> all;
    for (const auto& entry : entries) {
        for (const auto& effect : entry.effects) {
            if (const auto* born = std::get_if<effect::Born>(&effect)) all.push_back(born->configuration);
        }
    }
    return all;
}

void expect_distinct(const std::vector<record::Entry>& entries, std::size_t count) {
    const auto all = proposed(entries);
    EXPECT_EQ(all.size(), count);
    EXPECT_EQ(std::set<Configuration>(all.begin(), all.end()).size(), count);
}

Search drawn_search(Model model, std::uint64_t seed, std::size_t workers) {
    Search search{.model = model, .space = table(5, 4)};
    search.simulation.seed = seed;
    search.simulation.workers = static_cast<std::uint32_t>(workers);
    search.simulation.noise = DurationNoise::lognormal;
    search.simulation.noise_sd = 0.5;
    search.simulation.fit_seconds = 0.1;
    if (seed % 2 == 1) {
        search.simulation.faults.nonfinite = 0.05;
        search.simulation.faults.drop_per_second = 0.02;
    }
    return search;
}

/// `count` different configurations, also where the search is killed half way and resumed.
void expect_distinct_after_kill(const Search& search, std::size_t count) {
    auto whole = search.make_manager();
    Taped all;
    const auto journal = record::null_journal();
    ASSERT_TRUE(simulate(whole, table_curve(), search.simulation, *journal, &all).ended);
    expect_distinct(all.entries, count);

    const auto kill = all.entries.size() / 2;
    auto resumed = search.make_manager();
    ProposalCheck check;
    Effects effects;
    for (std::size_t i = 0; i < kill; ++i) {
        effects.clear();
        resumed.replay(all.entries[i].input, all.entries[i].effects, effects, check);
    }
    EXPECT_EQ(check.near + check.different, 0U);
    auto settings = search.simulation;
    settings.incarnation = 1;
    settings.first_sequence = kill;
    settings.first_time = all.entries[kill - 1].input.time;
    Taped after;
    ASSERT_TRUE(simulate(resumed, table_curve(), settings, *journal, &after).ended);
    std::vector<record::Entry> entries(all.entries.begin(), all.entries.begin() + static_cast<std::ptrdiff_t>(kill));
    entries.insert(entries.end(), after.entries.begin(), after.entries.end());
    expect_distinct(entries, count);
}

TEST(DistinctSearch, AHundredOfAHundredWithAnyNumberOfWorkersAndAfterAKill) {
    for (const auto seed : seeds(2)) {
        for (const auto model : models) {
            for (const std::size_t workers : {1U, 8U, 32U}) {
                SCOPED_TRACE(how_to_replay(seed) + ", model " + std::to_string(static_cast<int>(model)) + ", " +
                             std::to_string(workers) + " workers");
                const auto search = drawn_search(model, seed, workers);
                expect_distinct_after_kill(search, 100);
            }
        }
    }
}

TEST(DistinctSearch, AUsedUpSpaceEndsTheSearchAlsoWithMoreWorkersThanConfigurations) {
    for (const auto seed : seeds(4)) {
        for (const auto model : models) {
            for (const std::size_t workers : {1U, 8U, 32U}) {
                SCOPED_TRACE(how_to_replay(seed) + ", model " + std::to_string(static_cast<int>(model)));
                auto search = drawn_search(model, seed, workers);
                search.space = table(1, 4);
                search.members = 0;
                auto manager = search.make_manager();
                Taped tape;
                const auto journal = record::null_journal();
                const auto result = simulate(manager, table_curve(), search.simulation, *journal, &tape);
                ASSERT_TRUE(result.ended);
                EXPECT_EQ(result.reason, EndReason::exhausted);
                expect_distinct(tape.entries, 12);
                EXPECT_EQ(manager.sampler().used_up(), 12U);
                double noted = 0;
                for (const auto& entry : tape.entries) {
                    for (const auto& effect : entry.effects) {
                        const auto* one = std::get_if<effect::Noted>(&effect);
                        if (one != nullptr && one->kind == EventKind::used_up) noted = one->value;
                    }
                }
                EXPECT_EQ(noted, 12);
            }
        }
    }
}

/// 21 flags, of which 15 must be off: 64 of 2^21 combinations are allowed.
std::shared_ptr<const SearchSpace> constrained() {
    std::vector<Parameter> parameters(21);
    std::vector<Forbidden> forbidden;
    for (std::size_t i = 0; i < parameters.size(); ++i) {
        parameters[i].name = "flag" + std::to_string(i);
        parameters[i].domain = Categorical{{false, true}};
        if (i % 4 != 0) forbidden.push_back({{{i, {1}}}});
    }
    return std::make_shared<const SearchSpace>(std::move(parameters), std::move(forbidden));
}

/// Two methods with two numbers of 1 to 6 each: 72 configurations.
std::shared_ptr<const SearchSpace> conditional() {
    std::vector<Parameter> parameters(5);
    parameters[0].name = "method";
    parameters[0].domain = Categorical{{std::string("A"), std::string("B")}};
    for (std::uint32_t i = 1; i < 5; ++i) {
        parameters[i].name = "n" + std::to_string(i);
        parameters[i].domain = Integer{1, 6, Scale::log, {}};
        parameters[i].when = {{0, {(i - 1) / 2}}};
    }
    return std::make_shared<const SearchSpace>(std::move(parameters));
}

TEST(DistinctSearch, ConstrainedAndConditionalSpacesEndWithTheirLastConfigurationAlsoAfterAKill) {
    for (const auto seed : seeds(2)) {
        for (const auto model : models) {
            for (const bool conditions : {false, true}) {
                SCOPED_TRACE(how_to_replay(seed) + ", model " + std::to_string(static_cast<int>(model)) +
                             (conditions ? ", conditional" : ", constrained"));
                auto search = drawn_search(model, seed, 4);
                search.space = conditions ? conditional() : constrained();
                search.members = 0;
                expect_distinct_after_kill(search, conditions ? 72 : 64);
            }
        }
    }
}

}  // namespace
}  // namespace stemma::testing
