// PBT and GPBT on simulated machines: lineages find schedules, no worker waits, memory stays flat.
#include <gtest/gtest.h>

#include <cmath>

#include "sampler/random.hpp"
#include "scheduler/gpbt.hpp"
#include "scheduler/pbt.hpp"
#include "scheduler/random_search.hpp"
#include "simulator/checkers.hpp"
#include "simulator/simulator.hpp"

namespace stemma {
namespace {

std::shared_ptr<const SearchSpace> line() {
    std::vector<Parameter> parameters(1);
    parameters[0].name = "rate";
    parameters[0].role = Role::mutable_value;
    parameters[0].domain = Real{0, 1, Scale::linear, {}};
    return std::make_shared<const SearchSpace>(std::move(parameters));
}

std::shared_ptr<PathCurve> moving_optimum() {
    return std::make_shared<MovingOptimum>(
        [](ConfigurationView configuration) { return std::get<double>(configuration[0]); }, 0.1);
}

const LearningCurve& no_curve() {
    static const LearningCurve curve = [](MemberId, ConfigurationView, std::uint64_t, Resource, std::vector<double>&) {
    };
    return curve;
}

/// Most copies in workers' memory at a time, after the manager's answer.
class Peak : public SimulationObserver {
public:
    void on(const Input& input, std::span<const Effect> effects) override {
        if (const auto* report = std::get_if<input::Report>(&input.body)) copies += report->snapshot_bytes > 0 ? 1 : 0;
        if (std::holds_alternative<input::TransferDone>(input.body)) ++copies;
        for (const auto& effect : effects) {
            if (std::holds_alternative<effect::Drop>(effect)) --copies;
            if (std::holds_alternative<effect::Serve>(effect)) ++transfers;
            if (const auto* born = std::get_if<effect::Born>(&effect)) {
                exploits += born->cause == BirthCause::exploit ? 1 : 0;
                backtracks += born->cause == BirthCause::backtrack ? 1 : 0;
            }
        }
        peak = std::max(peak, copies);
    }
    std::int64_t copies = 0;
    std::int64_t peak = 0;
    std::uint64_t transfers = 0;
    std::uint64_t exploits = 0;
    std::uint64_t backtracks = 0;
};

/// Progress that a bad hyperparameter undoes.
class Fragile : public PathCurve {
public:
    void train(SnapshotId start, SnapshotId end, ConfigurationView configuration, Resource from, Resource to,
               std::vector<double>& metrics) override {
        double progress = start.exists() ? progress_.at(start.value) : 0;
        const double away = (std::get<double>(configuration[0]) - 0.5) / 0.2;
        progress = std::max(0.0, progress + static_cast<double>(to - from) * (std::exp(-away * away) - 0.5));
        if (end.value >= progress_.size()) progress_.resize(end.value + 1);
        progress_[end.value] = progress;
        metrics.push_back(1 / (1 + progress));
    }

private:
    std::vector<double> progress_;
};

SimulationResult run(std::unique_ptr<Scheduler> scheduler, std::uint64_t seed, std::uint64_t resource,
                     SimulationSettings settings = {}, SimulationObserver* observer = nullptr) {
    const auto space = line();
    ManagerSettings managed;
    managed.seed = seed;
    managed.budget.resource = resource;
    managed.durable = DurablePolicy::none;
    Manager manager(managed, *space, std::move(scheduler), make_random_sampler(space, seed));
    settings.seed = seed;
    if (!settings.path) settings.path = moving_optimum();
    Checkers checkers({.seed = seed, .budget = managed.budget});
    const auto journal = record::null_journal();
    auto result = simulate(manager, no_curve(), settings, *journal, observer != nullptr ? observer : &checkers);
    if (observer == nullptr) checkers.compare(manager);
    return result;
}

/// Means over seeds of the best loss, at the same training in all and the same longest lineage.
double mean_loss(const std::function<std::unique_ptr<Scheduler>(std::uint64_t)>& make) {
    SimulationSettings machine;
    machine.workers = 8;
    double sum = 0;
    constexpr std::uint64_t seeds = 20;
    for (std::uint64_t seed = 0; seed < seeds; ++seed) {
        const auto result = run(make(seed), seed, 1280, machine);
        EXPECT_TRUE(result.ended && result.best);
        sum += result.best ? result.best->metric : 1;
    }
    return sum / seeds;
}

TEST(Genealogies, FindAScheduleWhereNoFixedValueIsGood) {
    const double random = mean_loss([](std::uint64_t) { return make_random_search({.max = 80}); });
    const double gpbt = mean_loss([](std::uint64_t) {
        GpbtSettings settings;
        settings.children = 16;
        settings.ratio = 4;
        settings.interval = 4;
        settings.max = 80;
        settings.founders = 1;
        settings.parents_compete = true;
        return make_gpbt(settings);
    });
    const double pbt = mean_loss([](std::uint64_t seed) {
        PbtSettings settings;
        settings.population = 16;
        settings.interval = 4;
        settings.max = 80;
        settings.seed = seed;
        return make_pbt(settings);
    });
    EXPECT_LT(gpbt, 0.6 * random) << "random " << random << ", GPBT " << gpbt;
    EXPECT_LT(pbt, random) << "random " << random << ", PBT " << pbt;
    RecordProperty("random", std::to_string(random));
    RecordProperty("gpbt", std::to_string(gpbt));
    RecordProperty("pbt", std::to_string(pbt));
}

TEST(Genealogies, BacktrackingUndoesWhatABadDrawDid) {
    const auto mean = [](std::uint32_t backtrack_after, std::uint64_t& backtracks) {
        double sum = 0;
        for (std::uint64_t seed = 0; seed < 20; ++seed) {
            PbtSettings settings;
            settings.population = 4;
            settings.max = 100;
            settings.seed = seed;
            settings.backtrack_after = backtrack_after;
            settings.backtracks = 10;
            SimulationSettings machine;
            machine.workers = 2;
            machine.path = std::make_shared<Fragile>();
            Peak seen;
            const auto result = run(make_pbt(settings), seed, 400, machine, &seen);
            EXPECT_TRUE(result.ended && result.best);
            sum += result.best ? result.best->metric : 1;
            backtracks += seen.backtracks;
        }
        return sum / 20;
    };
    std::uint64_t never = 0;
    std::uint64_t often = 0;
    const double without = mean(0, never);
    const double with = mean(1, often);
    EXPECT_EQ(never, 0U);
    EXPECT_GT(often, 20U);
    EXPECT_LT(with, without);
    RecordProperty("without", std::to_string(without));
    RecordProperty("with", std::to_string(with));
}

TEST(Genealogies, PbtKeepsAllWorkersBusyWhateverTheirSpeed) {
    PbtSettings settings;
    settings.population = 16;
    settings.max = 1'000'000;
    SimulationSettings machine;
    machine.workers = 16;
    machine.noise = DurationNoise::lognormal;
    machine.noise_sd = 1;
    machine.max_seconds = 1000;
    EXPECT_GT(run(make_pbt(settings), 1, 0, machine).utilization(), 0.999);
}

TEST(Genealogies, MemoryIsFlatOverTenThousandExchanges) {
    PbtSettings settings;
    settings.population = 32;
    settings.max = 1'000'000;
    SimulationSettings machine;
    machine.workers = 8;
    machine.bytes_per_second = 10;
    machine.noise = DurationNoise::half_normal;
    machine.noise_sd = 0.5;
    Peak early;
    run(make_pbt(settings), 2, 5'000, machine, &early);
    Peak late;
    run(make_pbt(settings), 2, 130'000, machine, &late);
    RecordProperty("exploits", std::to_string(late.exploits));
    RecordProperty("transfers", std::to_string(late.transfers));
    RecordProperty("peak_early", std::to_string(early.peak));
    RecordProperty("peak_late", std::to_string(late.peak));
    EXPECT_GT(late.exploits, 10'000U);
    // Members stay where their weights are. Mostly a donor's weights move to the loser's worker.
    EXPECT_LT(late.transfers, 2 * late.exploits);
    // Each of 32 lineages has at most two copies of one snapshot. A worker's lease may hold another, and the best
    // stays.
    EXPECT_LE(late.peak, 2 * 32 + 2 * 8 + 2);
    EXPECT_LE(late.peak, early.peak + 8) << "early " << early.peak << ", late " << late.peak;
}

}  // namespace
}  // namespace stemma
