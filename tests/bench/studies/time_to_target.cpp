// Time until a good configuration is known, on analytic learning curves. 25 workers, 60 seeds, R = 256, eta = 4; time
// in full trainings (R time units). The target is the loss at R that one configuration in 200 reaches. CSV to standard
// output.
#include <cstdio>
#include <limits>

#include "study.hpp"

using namespace stemma;

int main() {
    constexpr std::uint64_t seeds = 60;
    const double target = study::loss_quantile(256, 0.005);
    std::fprintf(stderr, "target %.4f\n", target);
    std::printf("scheduler,q10,q25,median,q75,q90,never,utilization,members_mean,completed_mean\n");
    for (const char* scheduler :
         {"random", "sha", "sha_more_brackets", "hyperband", "asha", "asha_stopping", "asha_hyperband"}) {
        std::vector<double> times;
        int never = 0;
        double utilization = 0;
        double members = 0;
        double completed = 0;
        for (std::uint64_t seed = 0; seed < seeds; ++seed) {
            study::Search search;
            search.scheduler = scheduler;
            search.manager.durable = DurablePolicy::none;
            search.machine.seed = 1000 + seed;
            search.machine.workers = 25;
            search.machine.noise = DurationNoise::half_normal;
            search.machine.noise_sd = 0.24;
            search.machine.message_seconds = 0.005;
            search.machine.target = target;
            search.machine.max_seconds = 40 * 256;
            const auto result = study::run(search);
            times.push_back(result.target_reached ? *result.target_reached / 256
                                                  : std::numeric_limits<double>::infinity());
            never += result.target_reached ? 0 : 1;
            utilization += result.utilization() / seeds;
            members += static_cast<double>(result.totals.members) / seeds;
            completed += static_cast<double>(result.completed) / seeds;
        }
        std::printf("%s,%.2f,%.2f,%.2f,%.2f,%.2f,%d,%.4f,%.0f,%.0f\n", scheduler, study::quantile(times, 0.1),
                    study::quantile(times, 0.25), study::quantile(times, 0.5), study::quantile(times, 0.75),
                    study::quantile(times, 0.9), never, utilization, members, completed);
        std::fflush(stdout);
    }
}
