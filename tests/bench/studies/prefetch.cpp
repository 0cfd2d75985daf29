// Do early leases cost anything? ASHA and PBT with trainings that are shorter than some answers of the manager: without
// leases in advance, with "auto", and with 64. Each search ends after the same number of reports. The
// seeds are paired. CSV to standard output.
//   study_prefetch [SEEDS]
#include <cmath>
#include <cstdio>
#include <cstdlib>

#include "sampler/explore.hpp"
#include "sampler/random.hpp"
#include "sampler/tpe.hpp"
#include "scheduler/pbt.hpp"
#include "simulator/path_curve.hpp"
#include "study.hpp"

using namespace stemma;

namespace {

struct Outcome {
    double loss = 0;
    double seconds = 0;
};

struct Task {
    const char* name;
    std::uint64_t reports;
    std::unique_ptr<Scheduler> (*scheduler)(std::uint64_t seed);
    std::unique_ptr<Sampler> (*sampler)(const std::shared_ptr<const SearchSpace>& space, std::uint64_t seed);
    bool path;
};

std::unique_ptr<Scheduler> asha(std::uint64_t seed) { return study::make_scheduler("asha", 3, 1, 81, 0, seed); }

std::unique_ptr<Scheduler> pbt(std::uint64_t seed) {
    PbtSettings settings;
    settings.population = 20;
    settings.max = 50;
    settings.seed = seed;
    return make_pbt(settings);
}

const Task tasks[] = {
    {"asha_random", 300, asha, [](const auto& space, std::uint64_t seed) { return make_random_sampler(space, seed); },
     false},
    {"asha_random_long", 3000, asha,
     [](const auto& space, std::uint64_t seed) { return make_random_sampler(space, seed); }, false},
    {"asha_tpe", 300, asha, [](const auto& space, std::uint64_t seed) { return make_tpe_sampler(space, seed, {}); },
     false},
    {"pbt", 1000, pbt,
     [](const auto& space, std::uint64_t seed) {
         return make_explore_sampler(space, seed, {}, make_random_sampler(space, seed));
     },
     true},
};

Outcome search(const Task& task, std::uint32_t workers, double seconds_per_unit, std::uint32_t ahead,
               std::uint64_t seed) {
    ManagerSettings settings;
    settings.seed = seed;
    settings.durable = DurablePolicy::none;
    settings.budget.reports = task.reports;
    settings.leases_ahead = ahead;
    SimulationSettings machine;
    machine.seed = seed;
    machine.workers = workers;
    machine.leases_ahead = ahead;
    machine.seconds_per_unit = seconds_per_unit;
    machine.noise = DurationNoise::lognormal;
    machine.noise_sd = 0.3;
    machine.message_seconds = 1e-4;
    machine.manager_seconds = 2e-5;
    if (task.path) {
        machine.path = std::make_shared<MovingOptimum>(
            [](ConfigurationView configuration) { return 1 + std::log10(std::get<double>(configuration[0])) / 4; },
            0.2);
    }
    const auto space = study::space();
    Manager manager(settings, *space, task.scheduler(seed), task.sampler(space, seed));
    const auto journal = record::null_journal();
    const auto result = simulate(manager, study::surface(), machine, *journal);
    return {manager.best()->metric, result.seconds};
}

}  // namespace

int main(int argc, char** argv) {
    const std::uint64_t seeds = argc > 1 ? std::strtoull(argv[1], nullptr, 10) : 400;
    std::printf("task,workers,unit_us,ahead,loss,loss_more_than_without,error_95,seconds\n");
    for (const auto& task : tasks) {
        for (const std::uint32_t workers : {2U, 8U}) {
            for (const double unit : {2e-5, 1e-4, 5e-4}) {
                std::vector<double> without;
                for (const std::uint32_t ahead : {0U, leases_ahead_auto, leases_ahead_max}) {
                    double loss = 0;
                    double seconds = 0;
                    double more = 0;
                    double squares = 0;
                    for (std::uint64_t seed = 0; seed < seeds; ++seed) {
                        const auto outcome = search(task, workers, unit, ahead, seed);
                        if (ahead == 0) without.push_back(outcome.loss);
                        const double difference = outcome.loss - without[seed];
                        loss += outcome.loss;
                        seconds += outcome.seconds;
                        more += difference;
                        squares += difference * difference;
                    }
                    const auto n = static_cast<double>(seeds);
                    const double mean = more / n;
                    const double error = 1.96 * std::sqrt(std::max(0.0, squares / n - mean * mean) / n);
                    const auto name = ahead == leases_ahead_auto ? std::string("auto") : std::to_string(ahead);
                    std::printf("%s,%u,%.0f,%s,%.5f,%.5f,%.5f,%.4f\n", task.name, workers, unit * 1e6, name.c_str(),
                                loss / n, mean, error, seconds / n);
                    std::fflush(stdout);
                }
            }
        }
    }
}
