// A part of the space cannot be trained: models learn where. Searches under all checkers; exact resume and replay.
#include <gtest/gtest.h>

#include <cmath>
#include <cstdlib>
#include <iostream>
#include <optional>

#include "case.hpp"
#include "sampler/gp/gp.hpp"
#include "sampler/tpe.hpp"
#include "scheduler/asha.hpp"
#include "scheduler/random_search.hpp"

// A namespace of its own: files of a unity build share the anonymous one.
namespace stemma::testing::infeasible {
namespace {

std::shared_ptr<const SearchSpace> square() {
    std::vector<Parameter> parameters(2);
    parameters[0].name = "x";
    parameters[1].name = "y";
    for (auto& parameter : parameters) parameter.domain = Real{0, 1, Scale::linear, {}};
    return std::make_shared<const SearchSpace>(std::move(parameters));
}

double sum_of(ConfigurationView configuration) {
    return std::get<double>(configuration[0]) + std::get<double>(configuration[1]);
}

/// The objective wants the corner (1, 1), where everything fails.
const LearningCurve& towards_the_corner() {
    static const LearningCurve value = [](MemberId, ConfigurationView configuration, std::uint64_t, Resource resource,
                                          std::vector<double>& metrics) {
        const double x = 1 - std::get<double>(configuration[0]), y = 1 - std::get<double>(configuration[1]);
        metrics.push_back(x * x + y * y + 1 / static_cast<double>(1 + resource));
    };
    return value;
}

enum class Model { tpe, tpe_multivariate, gp, gp_elsewhere };
enum class Way { random, asha };

const char* name_of(Model model) {
    const char* names[] = {"tpe", "multivariate tpe", "gp", "gp that is fitted elsewhere"};
    return names[static_cast<int>(model)];
}
const char* name_of(Way way) { return way == Way::random ? "random" : "asha"; }

struct Search {
    Model model = Model::tpe;
    Way way = Way::random;
    SimulationSettings simulation;

    std::unique_ptr<Sampler> sampler() const {
        TpeSettings tpe;
        tpe.multivariate = model == Model::tpe_multivariate;
        if (model == Model::tpe || model == Model::tpe_multivariate)
            return make_tpe_sampler(square(), simulation.seed, tpe);
        GpSettings gp;
        gp.fit_elsewhere = model == Model::gp_elsewhere;
        return make_gp_sampler(square(), simulation.seed, gp);
    }
    Manager manager() const {
        ManagerSettings settings{.seed = simulation.seed, .budget = {.members = 100}};
        settings.retries = 0;
        settings.failures_in_a_row = 0;
        auto scheduler =
            way == Way::random ? make_random_search({.max = 1}) : make_asha({.min = 1, .max = 9, .eta = 3});
        return Manager(settings, *square(), std::move(scheduler), sampler());
    }
    CheckerSettings checkers() const {
        return {.seed = simulation.seed,
                .budget = {.members = 100},
                .lease_timeout = 0,
                .promotion_eta = way == Way::asha ? 3U : 0U};
    }
};

/// Fails as `kind` where x + y is above `limit`.
Search search_of(Model model, Way way, FailureKind kind, double limit, std::uint64_t seed) {
    Search search{model, way, {}};
    search.simulation.seed = seed;
    search.simulation.workers = 4;
    search.simulation.noise = DurationNoise::lognormal;
    search.simulation.noise_sd = 0.3;
    search.simulation.fit_seconds = 2;
    search.simulation.region = [kind, limit](ConfigurationView configuration, Resource) {
        return sum_of(configuration) > limit ? kind : FailureKind::none;
    };
    return search;
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

std::vector<record::Entry> checked(const Search& search) {
    Recorder recorder(search.checkers());
    auto manager = search.manager();
    const auto journal = record::null_journal();
    EXPECT_TRUE(simulate(manager, towards_the_corner(), search.simulation, *journal, &recorder).ended);
    recorder.checkers.compare(manager);
    return std::move(recorder.entries);
}

/// Of the proposals after the first 20, the share above the limit.
double failing_share(const std::vector<record::Entry>& entries, double limit) {
    constexpr std::size_t first = 20;
    const auto all = proposed(entries);
    EXPECT_EQ(all.size(), 100U);
    std::size_t failing = 0;
    for (std::size_t i = first; i < all.size(); ++i) failing += sum_of(all[i]) > limit ? 1 : 0;
    return static_cast<double>(failing) / static_cast<double>(all.size() - first);
}

/// Mean over the seeds; STEMMA_SHOW prints it. Nothing if there are fewer than `count`, as in a small part of a
/// campaign: their mean says little, and the checkers have seen the searches.
std::optional<double> mean_share(Model model, Way way, FailureKind kind, double limit, std::uint64_t count) {
    double sum = 0, most = 0;
    const auto all = seeds(count);
    for (const auto seed : all) {
        SCOPED_TRACE(how_to_replay(seed));
        const double share = failing_share(checked(search_of(model, way, kind, limit, seed)), limit);
        sum += share;
        most = std::max(most, share);
    }
    const double mean = all.empty() ? 0 : sum / static_cast<double>(all.size());
    if (std::getenv("STEMMA_SHOW") != nullptr) {
        std::cout << name_of(model) << ", " << name_of(way) << ", " << stemma::name_of(kind) << ", x + y > " << limit
                  << ": mean " << mean << ", largest " << most << " of " << all.size() << " seeds" << std::endl;
    }
    return all.size() < count ? std::nullopt : std::optional(mean);
}

constexpr FailureKind taught[] = {FailureKind::infeasible, FailureKind::out_of_memory, FailureKind::nonfinite};

void expect_learned(std::initializer_list<Model> which, std::uint64_t count) {
    for (const auto model : which) {
        for (const auto way : {Way::random, Way::asha}) {
            for (const auto kind : taught) {
                EXPECT_LT(mean_share(model, way, kind, 0.7, count).value_or(0), 0.5)
                    << name_of(model) << ", " << name_of(way) << ", " << stemma::name_of(kind)
                    << ": blind draws fail with .755";
            }
        }
    }
}

TEST(Infeasible, TpeLearnsWhereTrainingsFail) { expect_learned({Model::tpe, Model::tpe_multivariate}, 10); }

TEST(Infeasible, GpLearnsWhereTrainingsFail) { expect_learned({Model::gp}, 2); }

TEST(Infeasible, GpLearnsWhereTrainingsFailWhileFitsComeLate) { expect_learned({Model::gp_elsewhere}, 1); }

TEST(Infeasible, ATenthOfTheSpaceIsFound) {
    const double limit = std::sqrt(0.2);
    for (const auto model : {Model::tpe, Model::tpe_multivariate, Model::gp}) {
        for (const auto way : {Way::random, Way::asha}) {
            const auto share = mean_share(model, way, FailureKind::out_of_memory, limit, model == Model::gp ? 2 : 10);
            EXPECT_LE(share.value_or(0), 0.25)
                << name_of(model) << ", " << name_of(way) << ": blind draws fail with .9";
        }
    }
}

/// Where members only fail now and then, whatever their configuration, no region is bad.
TEST(Infeasible, ExceptionsTimeoutsAndLostWorkersTeachNothing) {
    for (const auto model : {Model::tpe, Model::tpe_multivariate, Model::gp}) {
        for (const auto way : {Way::random, Way::asha}) {
            for (const auto kind : {FailureKind::exception, FailureKind::timed_out, FailureKind::worker_lost}) {
                const auto share = mean_share(model, way, kind, 0.7, model == Model::gp ? 1 : 3);
                EXPECT_GT(share.value_or(1), 0.5)
                    << name_of(model) << ", " << name_of(way) << ", " << stemma::name_of(kind)
                    << ": the objective wants that corner, and nothing speaks against it";
            }
        }
    }
}

Bytes encoded(std::span<const Effect> effects) {
    Bytes bytes;
    for (const auto& effect : effects) record::encode(effect, bytes);
    return bytes;
}

Manager replay_of(const Search& search, std::span<const record::Entry> entries) {
    auto manager = search.manager();
    for (const auto& entry : entries) {
        Effects effects;
        manager.on(entry.input, effects);
        EXPECT_EQ(encoded(effects), encoded(entry.effects)) << "at input " << entry.input.sequence;
    }
    return manager;
}

TEST(Infeasible, ASearchThatWasKilledGoesOnWithWhatItLearned) {
    for (const auto model : {Model::tpe, Model::tpe_multivariate, Model::gp_elsewhere}) {
        for (const auto seed : seeds(model == Model::gp_elsewhere ? 1 : 3)) {
            SCOPED_TRACE(how_to_replay(seed));
            const auto kind = taught[seed % 3];
            const auto search = search_of(model, seed % 2 == 0 ? Way::asha : Way::random, kind, 0.7, seed);
            const auto whole = checked(search);
            for (std::size_t kill = 1; kill < whole.size(); kill += 37) {
                SCOPED_TRACE("killed after " + std::to_string(kill) + " inputs");
                const std::span before(whole.data(), kill);
                auto resumed = replay_of(search, before);
                auto settings = search.simulation;
                settings.incarnation = 1;
                settings.first_sequence = kill;
                settings.first_time = before.back().input.time;
                Recorder after(search.checkers());
                const auto journal = record::null_journal();
                // The checkers' account goes on from the record.
                for (const auto& entry : before) after.on(entry.input, entry.effects);
                ASSERT_TRUE(simulate(resumed, towards_the_corner(), settings, *journal, &after).ended);
                replay_of(search, after.entries);
                EXPECT_GE(proposed(after.entries).size(), 100U);
            }
        }
    }
}

}  // namespace
}  // namespace stemma::testing::infeasible
