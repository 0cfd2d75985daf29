#pragma once
// One search of a population on a toy that depends on the path, on a simulated machine: the real manager, scheduler and
// sampler.

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "core/rng.hpp"
#include "manager/manager.hpp"
#include "sampler/tpe.hpp"
#include "scheduler/gpbt.hpp"
#include "simulator/simulator.hpp"

namespace stemma::test {

/// The range of the first draws.
enum class Starts : std::uint8_t {
    uniform,  ///< all of the space
    near,     ///< [0.9, 1.1], as in PBT-Zoo: on the toys whose parameter is h in [0.0001, 1.1]
};

struct ToyTask {
    PathKind kind = PathKind::deceptive;
    double noise = 0;
    Starts starts = Starts::uniform;
    Resource max = 50;
    std::uint32_t workers = 4;
    double spread = 0.3;  ///< of the logarithm of a training's time
    double nonfinite = 0;
    double drop_per_second = 0;
    std::uint64_t max_inputs = ~std::uint64_t{0};
};

/// One parameter, in the unit of the toy's own first coordinate.
inline std::shared_ptr<const SearchSpace> toy_space() {
    std::vector<Parameter> parameters(1);
    parameters[0].name = "h";
    parameters[0].role = Role::mutable_value;
    parameters[0].domain = Real{0, 1, Scale::linear, {}};
    return std::make_shared<const SearchSpace>(std::move(parameters));
}

/// Draws members from scratch near the upper end, whatever the sampler proposes.
class NearStarts : public Sampler {
public:
    NearStarts(std::unique_ptr<Sampler> base, std::uint64_t seed) : base_(std::move(base)), seed_(seed) {}
    std::optional<Configuration> propose(const ProposalRequest& request) override {
        if (request.parent.exists() || request.donor.exists()) return base_->propose(request);
        const double h = Stream(seed_, Purpose::test, request.member.value).uniform(0.9, 1.1);
        return Configuration{(h - 1e-4) / 1.0999};
    }
    void born(const Birth& birth) override { base_->born(birth); }
    void observe(const Observation& observation) override { base_->observe(observation); }
    void given_up(MemberId member) override { base_->given_up(member); }
    std::span<const WantedFit> wanted_fits() const override { return base_->wanted_fits(); }
    void fitted(std::uint64_t number, std::span<const double> model) override { base_->fitted(number, model); }
    ProposalBasis basis() const override { return base_->basis(); }
    std::string describe() const override { return base_->describe(); }

private:
    std::unique_ptr<Sampler> base_;
    std::uint64_t seed_;
};

/// The default of gpbt: TPE with a model after so many random points.
inline std::unique_ptr<Sampler> lineage_sampler(std::uint32_t startup, std::uint64_t seed) {
    auto settings = TpeSettings::lineages();
    settings.startup = startup;
    return make_tpe_sampler(toy_space(), seed, settings);
}

inline ManagerSettings toy_manager_settings(Resource max, std::uint64_t seed, std::uint64_t budget) {
    ManagerSettings settings;
    settings.seed = seed;
    settings.durable = DurablePolicy::none;
    settings.budget.resource = budget;
    settings.final_from = max;
    settings.failures_in_a_row = 0;
    return settings;
}

inline SimulationSettings toy_machine(const ToyTask& task, std::uint64_t seed) {
    SimulationSettings machine;
    machine.seed = seed;
    machine.workers = task.workers;
    machine.noise = task.spread > 0 ? DurationNoise::lognormal : DurationNoise::none;
    machine.noise_sd = task.spread;
    machine.faults.nonfinite = task.nonfinite;
    machine.faults.drop_per_second = task.drop_per_second;
    machine.max_inputs = task.max_inputs;
    machine.path = std::make_shared<SurfacePath>(
        SurfacePath::Settings{.kind = task.kind, .max = task.max, .noise = task.noise, .seed = seed},
        [](ConfigurationView configuration) { return std::get<double>(configuration[0]); });
    return machine;
}

/// As the papers show it: larger is better. NaN where no member reached max.
inline double toy_score(PathKind kind, const SimulationResult& result) {
    if (!result.best) return std::nan("");
    const double loss = result.best->metrics.at(1);  // without noise
    switch (kind) {
        case PathKind::plain:
        case PathKind::deceptive:
            return 1.2 - loss;
        case PathKind::moving:
            return (1 / loss - 1) / 50;
        case PathKind::decay:
        case PathKind::curvatures:
            return -loss;
    }
    return std::nan("");
}

inline const LearningCurve& no_learning_curve() {
    static const LearningCurve none = [](MemberId, ConfigurationView, std::uint64_t, Resource, std::vector<double>&) {};
    return none;
}

/// `sampler` proposes; its first draws are those of the task.
inline SimulationResult run_toy(const ToyTask& task, std::unique_ptr<Scheduler> scheduler,
                                std::unique_ptr<Sampler> sampler, std::uint64_t seed, std::uint64_t budget = 0,
                                SimulationObserver* observer = nullptr) {
    if (task.starts == Starts::near) sampler = std::make_unique<NearStarts>(std::move(sampler), seed);
    Manager manager(toy_manager_settings(task.max, seed, budget), *toy_space(), std::move(scheduler),
                    std::move(sampler));
    const auto journal = record::null_journal();
    return simulate(manager, no_learning_curve(), toy_machine(task, seed), *journal, observer);
}

/// GPBT with 20 children: 1,000 units with max = 50, and one founder for each child with a number as interval.
inline GpbtSettings toy_gpbt(Resource interval, Resource max = 50) {
    GpbtSettings settings;
    settings.children = 20;
    settings.max = max;
    settings.interval = interval;
    if (interval != interval_auto) settings.founders = 1;
    return settings;
}

inline SimulationResult run_toy_gpbt(const ToyTask& task, const GpbtSettings& settings, std::uint64_t seed,
                                     SimulationObserver* observer = nullptr) {
    const auto startup = gpbt_descriptor().startup(settings);
    return run_toy(task, make_gpbt(settings), lineage_sampler(startup.value_or(1), seed), seed, 0, observer);
}

inline double quantile_of(std::vector<double> values, double q) {
    std::ranges::sort(values);
    const double at = q * static_cast<double>(values.size() - 1);
    const auto low = static_cast<std::size_t>(at);
    const auto high = std::min(low + 1, values.size() - 1);
    return values[low] + (at - std::floor(at)) * (values[high] - values[low]);
}

}  // namespace stemma::test
