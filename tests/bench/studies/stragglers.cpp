// Stragglers and dropped jobs: synchronous SHA against ASHA, the ASHA paper's simulated study. 25 workers, n = 256, eta
// = 4, r = 1, R = 256, s = 0, 2,000 time units; 25 simulations for each point. CSV to standard output.
#include <cstdio>

#include "study.hpp"

using namespace stemma;

int main() {
    std::printf(
        "scheduler,sd,drop,completed_mean,completed_q10,completed_q90,first_median,first_never,utilization,members_"
        "mean\n");
    constexpr int simulations = 25;
    for (const char* scheduler : {"sha", "sha_more_brackets", "asha"}) {
        for (const double sd : {0.10, 0.24, 0.56, 1.33}) {
            for (const double drop : {0.0, 0.001, 0.002, 0.004, 0.006, 0.008, 0.010}) {
                std::vector<double> completed;
                std::vector<double> first;
                double utilization = 0;
                double members = 0;
                int never = 0;
                for (int simulation = 0; simulation < simulations; ++simulation) {
                    study::Search search;
                    search.scheduler = scheduler;
                    search.manager.retries = 0;  // a dropped job is lost, as in the paper
                    search.manager.failures_in_a_row = 0;
                    search.manager.durable = DurablePolicy::none;
                    search.machine.seed = static_cast<std::uint64_t>(simulation);
                    search.machine.workers = 25;
                    search.machine.noise = DurationNoise::half_normal;
                    search.machine.noise_sd = sd;
                    search.machine.faults.drop_per_second = drop;
                    search.machine.max_seconds = 2000;
                    const auto result = study::run(search);
                    completed.push_back(static_cast<double>(result.completed));
                    first.push_back(result.first_completed.value_or(2000));
                    never += result.first_completed ? 0 : 1;
                    utilization += result.utilization() / simulations;
                    members += static_cast<double>(result.totals.members) / simulations;
                }
                double mean = 0;
                for (const double each : completed) mean += each / simulations;
                std::printf("%s,%.2f,%.3f,%.2f,%.1f,%.1f,%.0f,%d,%.4f,%.0f\n", scheduler, sd, drop, mean,
                            study::quantile(completed, 0.1), study::quantile(completed, 0.9),
                            study::quantile(first, 0.5), never, utilization, members);
                std::fflush(stdout);
            }
        }
    }
}
