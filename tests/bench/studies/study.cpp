#include "study.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "core/rng.hpp"
#include "sampler/random.hpp"

namespace stemma::study {

std::shared_ptr<const SearchSpace> space() {
    std::vector<Parameter> parameters(3);
    parameters[0].name = "learning_rate";
    parameters[0].domain = Real{1e-4, 1, Scale::log, {}};
    parameters[1].name = "width";
    parameters[1].domain = Integer{16, 1024, Scale::log, {}};
    parameters[2].name = "dropout";
    parameters[2].domain = Real{0, 0.8, Scale::linear, {}};
    return std::make_shared<const SearchSpace>(std::move(parameters));
}

namespace {

double noiseless(ConfigurationView configuration, Resource resource) {
    const double rate = std::log10(std::get<double>(configuration[0]));                             // -4 .. 0
    const double width = std::log2(static_cast<double>(std::get<std::int64_t>(configuration[1])));  // 4 .. 10
    const double dropout = std::get<double>(configuration[2]);
    // The best end needs a small rate, much width and some dropout. The best start needs a large rate and no dropout.
    const double asymptote =
        0.05 + 0.08 * std::pow(rate + 2.4, 2) + 0.03 * (10 - width) + 0.4 * std::pow(dropout - 0.3, 2);
    const double speed = std::clamp(0.9 + 0.25 * (rate + 2) - 0.4 * dropout, 0.15, 1.5);
    return asymptote + 0.9 * std::pow(static_cast<double>(resource), -speed);
}

}  // namespace

LearningCurve surface() {
    return [](MemberId, ConfigurationView configuration, std::uint64_t seed, Resource resource,
              std::vector<double>& metrics) {
        Stream noise(seed, Purpose::surface, static_cast<std::uint64_t>(resource));
        metrics.push_back(noiseless(configuration, resource) + 0.01 * noise.normal());
    };
}

double loss_quantile(Resource resource, double q) {
    const auto sampler = make_random_sampler(space(), 12345);
    std::vector<double> losses;
    for (std::uint64_t member = 0; member < 20000; ++member) {
        losses.push_back(noiseless(*sampler->propose({{member}, member, {}}), resource));
    }
    return quantile(std::move(losses), q);
}

SimulationResult run(Search search) {
    const auto curve = surface();
    const auto journal = record::null_journal();
    const double until = search.machine.max_seconds;
    search.machine.full_resource = search.max;
    SimulationResult sum;
    double start = 0;
    for (std::uint64_t round = 0; start < until; ++round) {
        search.manager.seed = derive_seed(search.machine.seed, Purpose::test, round);
        auto machine = search.machine;
        machine.seed = search.manager.seed;
        machine.max_seconds = until - start;
        const auto shared = space();
        Manager manager(search.manager, *shared,
                        make_scheduler(search.scheduler, search.eta, search.min, search.max, search.sha_members,
                                       search.manager.seed),
                        make_random_sampler(shared, search.manager.seed));
        auto result = simulate(manager, curve, machine, *journal);
        if (!sum.first_completed && result.first_completed) sum.first_completed = start + *result.first_completed;
        if (!sum.target_reached && result.target_reached) sum.target_reached = start + *result.target_reached;
        sum.completed += result.completed;
        sum.decisions += result.decisions;
        sum.busy_seconds += result.busy_seconds;
        sum.available_seconds += result.available_seconds;
        sum.wall_seconds += result.wall_seconds;
        sum.totals.members += result.totals.members;
        sum.rungs = std::move(result.rungs);
        sum.manager_bytes = result.manager_bytes;
        sum.simulator_bytes = result.simulator_bytes;
        start += result.seconds;
        if (!result.ended || result.reason != EndReason::exhausted || !std::isfinite(until)) break;
    }
    sum.seconds = start;
    return sum;
}

double quantile(std::vector<double> values, double q) {
    std::sort(values.begin(), values.end());
    const double position = q * static_cast<double>(values.size() - 1);
    const auto low = static_cast<std::size_t>(position);
    const auto high = std::min(low + 1, values.size() - 1);
    const double share = position - static_cast<double>(low);
    if (share == 0 || values[low] == values[high]) return values[low];
    return values[low] + share * (values[high] - values[low]);
}

}  // namespace stemma::study
