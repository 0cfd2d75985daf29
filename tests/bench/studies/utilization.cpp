// Worker utilization: 1,000 workers, 5 ms messages each way, lognormal leases of 10 s mean, 200 leases for each worker.
// With and without a lease waiting at each worker, and with a manager that needs 10 microseconds for each input. CSV to
// standard output.
#include <cstdio>

#include "study.hpp"

using namespace stemma;

int main() {
    std::printf("workers,leases_ahead,sd,manager_us,utilization,leases\n");
    for (const std::uint32_t workers : {1000U, 10000U}) {
        for (const std::uint32_t ahead : {0U, 1U}) {
            for (const double sd : {0.5, 1.0}) {
                for (const double manager_us : {0.0, 10.0}) {
                    study::Search search;
                    search.scheduler = "random";
                    search.min = 1;
                    search.max = 1;
                    search.manager.budget.members = 200 * std::uint64_t{workers};
                    search.manager.durable = DurablePolicy::none;
                    search.manager.leases_ahead = ahead;
                    search.machine.leases_ahead = ahead;
                    search.machine.workers = workers;
                    search.machine.seconds_per_unit = 10;
                    search.machine.noise = DurationNoise::lognormal;
                    search.machine.noise_sd = sd;
                    search.machine.message_seconds = 0.005;
                    search.machine.manager_seconds = manager_us * 1e-6;
                    const auto result = study::run(search);
                    std::printf("%u,%u,%.1f,%.0f,%.5f,%llu\n", workers, ahead, sd, manager_us, result.utilization(),
                                static_cast<unsigned long long>(result.decisions));
                    std::fflush(stdout);
                }
            }
        }
    }
}
