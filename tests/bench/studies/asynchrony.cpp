// Does asynchrony cost quality? Two rules of GPBT are compared, with 1 to 64 simulated workers:
// * The paper's rule: the children of one parent one after another, each proposal knowing all results before it.
// * Stemma's rule: all children of a generation at once; a straggler is not waited for longer than twice the mean.
//
// On two analytic surfaces the best hyperparameters depend on the weights. Compared at equal epochs, at equal virtual
// time, and by the time to a target. n = 16, c = 4 (two parents), T_g = 1, 20 generations, TPE. A training takes a
// lognormal time of mean 1. Argument: number of seeds (100). CSV to standard output; docs/studies/asynchrony.md has the
// table.
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <limits>
#include <memory>
#include <string>
#include <vector>

#include "core/rng.hpp"
#include "sampler/tpe.hpp"
#include "scheduler/gpbt.hpp"
#include "study.hpp"

using namespace stemma;

namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();

std::shared_ptr<const SearchSpace> cube() {
    std::vector<Parameter> parameters;
    for (const char* name : {"a", "b", "c", "d", "e"})
        parameters.push_back({name, Real{}, Role::mutable_value, {}, {}});
    return std::make_shared<const SearchSpace>(std::move(parameters));
}

/// Weights are a loss, which each unit multiplies by a factor. The factor is smaller the nearer five hyperparameters
/// are to an optimum. Two coordinates of the optimum move by `drift` as the loss falls. Reports have noise of 2 %.
class FallingLoss : public PathCurve {
public:
    FallingLoss(double drift, std::uint64_t seed) : drift_(drift), seed_(seed) {}

    void train(SnapshotId start, SnapshotId end, ConfigurationView point, Resource from, Resource to,
               std::vector<double>& metrics) override {
        double loss = start.exists() ? losses_.at(start.value) : 1;
        for (; from < to; ++from) loss *= factor(loss, point);
        if (end.value >= losses_.size()) losses_.resize(end.value + 1);
        losses_[end.value] = loss;
        Stream noise(seed_, Purpose::surface, end.value);
        metrics = {loss * (1 + 0.02 * noise.normal()), loss};
    }

private:
    double factor(double loss, ConfigurationView point) const {
        const double progress = std::min(1.0, -std::log(loss) / 3);
        const double optimum[] = {0.75 - drift_ * progress, 0.3 + drift_ * progress, 0.4, 0.6, 0.5};
        const double weight[] = {1, 0.5, 0.5, 0.15, 0.05};
        double distance = 0;
        for (std::size_t i = 0; i < 5; ++i) {
            const double off = (std::get<double>(point[i]) - optimum[i]) / 0.2;
            distance += weight[i] * off * off;
        }
        return 1.1 - 0.4 * std::exp(-distance / 2);
    }

    double drift_;
    std::uint64_t seed_;
    std::vector<double> losses_;
};

struct Rule {
    const char* name;
    bool sequential;
    double quorum;
    double patience;
    bool defaults = false;  ///< other settings as in a job that sets nothing, with as many epochs
};
constexpr Rule rules[] = {{"paper", true, 1, 0},
                          {"ours", false, 1, 2},
                          {"ours without patience", false, 1, 0},
                          {"ours with quorum 0.75", false, 0.75, 0},
                          {"a job's defaults", false, 1, 2, true}};

/// The best noiseless loss as it falls over reports and time.
struct Trace : SimulationObserver {
    std::vector<std::pair<double, double>> best;  ///< after each report: time, loss

    void on(const Input& input, std::span<const Effect>) override {
        const auto* report = std::get_if<input::Report>(&input.body);
        if (report == nullptr || report->rows.empty()) return;
        const double loss = report->rows.back().values[1];
        best.emplace_back(input.time, best.empty() ? loss : std::min(best.back().second, loss));
    }
    double at(double time) const {
        double loss = infinity;
        for (const auto& [when, value] : best) {
            if (when <= time) loss = value;
        }
        return loss;
    }
    /// Reports and time until the loss is this good.
    std::pair<double, double> until(double target) const {
        for (std::size_t i = 0; i < best.size(); ++i) {
            if (best[i].second <= target) return {static_cast<double>(i + 1), best[i].first};
        }
        return {infinity, infinity};
    }
};

struct Run {
    Trace trace;
    double utilization = 0;
};

Run run(const Rule& rule, double drift, std::uint32_t workers, std::uint64_t seed) {
    GpbtSettings gpbt;
    gpbt.children = 16;
    gpbt.max = 20;
    gpbt.founders = 1;
    gpbt.parents_compete = true;
    gpbt.sequential = rule.sequential;
    gpbt.quorum = rule.quorum;
    gpbt.patience = rule.patience;
    TpeSettings tpe;
    tpe.startup = 1;
    tpe.time = TpeSettings::Time::relative;
    if (rule.defaults) {
        gpbt.founders = 3;
        gpbt.max -= 2;
        gpbt.parents_compete = false;
        tpe = TpeSettings::lineages();
        tpe.startup = 2 * gpbt.children;
        tpe.time = TpeSettings::Time::relative;
    }
    SimulationSettings machine;
    machine.seed = seed;
    machine.workers = workers;
    machine.noise = DurationNoise::lognormal;
    machine.noise_sd = 0.5;
    machine.path = std::make_shared<FallingLoss>(drift, seed);
    Manager manager(ManagerSettings{.seed = seed, .durable = DurablePolicy::none}, *cube(), make_gpbt(gpbt),
                    make_tpe_sampler(cube(), seed, tpe));
    Run done;
    const auto journal = record::null_journal();
    const LearningCurve none;
    done.utilization = simulate(manager, none, machine, *journal, &done.trace).utilization();
    return done;
}

std::vector<Run> runs(const Rule& rule, double drift, std::uint32_t workers, std::uint64_t seeds) {
    std::vector<Run> all;
    for (std::uint64_t seed = 0; seed < seeds; ++seed) all.push_back(run(rule, drift, workers, 5000 + seed));
    return all;
}

template <class Of>
double median(const std::vector<Run>& all, const Of& of) {
    std::vector<double> values;
    for (const auto& one : all) values.push_back(of(one.trace));
    return study::quantile(std::move(values), 0.5);
}

void print(const Rule& rule, double drift, std::uint32_t workers, const std::vector<Run>& all, double target,
           double when) {
    double utilization = 0;
    for (const auto& one : all) utilization += one.utilization / static_cast<double>(all.size());
    std::vector<double> ends;
    for (const auto& one : all) ends.push_back(one.trace.best.back().second);
    std::printf(
        "%.1f,%s,%u,%.4f,%.4f,%.4f,%.4f,%.4f,%.0f,%.1f,%.1f,%.3f\n", drift, rule.name, workers,
        study::quantile(ends, 0.5), study::quantile(ends, 0.25), study::quantile(ends, 0.75),
        median(all, [](const Trace& of) { return of.best[std::min<std::size_t>(240, of.best.size()) - 1].second; }),
        median(all, [&](const Trace& of) { return of.at(when); }),
        median(all, [&](const Trace& of) { return of.until(target).first; }),
        median(all, [&](const Trace& of) { return of.until(target).second; }),
        median(all, [](const Trace& of) { return of.best.back().first; }), utilization);
    std::fflush(stdout);
}

}  // namespace

int main(int argc, char** argv) {
    const std::uint64_t seeds = argc > 1 ? std::strtoull(argv[1], nullptr, 10) : 100;
    std::printf(
        "drift,rule,workers,end,end_q25,end_q75,after_240_epochs,at_equal_time,epochs_to_target,time_to_target,time,"
        "utilization\n");
    for (const double drift : {0.0, 0.4}) {
        // The target: the median of the paper's rule after half of the epochs.
        const auto reference = runs(rules[0], drift, 1, seeds);
        const double target = median(reference, [](const Trace& of) { return of.best[of.best.size() / 2].second; });
        std::fprintf(stderr, "drift %.1f: target %.4f\n", drift, target);
        for (const std::uint32_t workers : {1U, 2U, 4U, 8U, 16U, 32U, 64U}) {
            std::vector<std::vector<Run>> done;
            for (const auto& rule : rules) done.push_back(runs(rule, drift, workers, seeds));
            const double when = median(done[1], [](const Trace& of) { return of.best.back().first; });
            for (std::size_t i = 0; i < done.size(); ++i) print(rules[i], drift, workers, done[i], target, when);
        }
    }
}
