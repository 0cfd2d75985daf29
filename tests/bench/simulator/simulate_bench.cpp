// Decisions a second and bytes a member of the simulator, with the real manager, ASHA and random sampling. 10^3 .. 10^7
// members, 1,000 workers. One thread: the CPU time is the time on an idle machine. CSV to standard output. An argument
// limits the number of members.
#include <sys/resource.h>

#include <cstdio>
#include <cstdlib>
#include <ctime>

#include "study.hpp"

using namespace stemma;

namespace {

/// Peak memory of this process so far, bytes.
double peak_memory() {
    rusage usage{};
    getrusage(RUSAGE_SELF, &usage);
    return 1024.0 * static_cast<double>(usage.ru_maxrss);
}

}  // namespace

int main(int argc, char** argv) {
    const std::uint64_t most = argc > 1 ? std::strtoull(argv[1], nullptr, 10) : 10'000'000;
    std::printf(
        "members,decisions,wall_seconds,cpu_seconds,decisions_per_cpu_second,manager_bytes_per_member,simulator_bytes_"
        "per_member,"
        "peak_mb\n");
    for (std::uint64_t members = 1000; members <= most; members *= 10) {
        study::Search search;
        search.scheduler = "asha";
        search.manager.budget.members = members;
        search.manager.durable = DurablePolicy::none;
        search.machine.workers = 1000;
        search.machine.noise = DurationNoise::lognormal;
        search.machine.noise_sd = 0.5;
        search.machine.message_seconds = 0.005;
        const auto began = std::clock();
        const auto result = study::run(search);
        const double cpu = static_cast<double>(std::clock() - began) / CLOCKS_PER_SEC;
        const auto each = [&](std::size_t bytes) { return static_cast<double>(bytes) / static_cast<double>(members); };
        std::printf("%llu,%llu,%.3f,%.3f,%.0f,%.0f,%.0f,%.0f\n", static_cast<unsigned long long>(members),
                    static_cast<unsigned long long>(result.decisions), result.wall_seconds, cpu,
                    static_cast<double>(result.decisions) / cpu, each(result.manager_bytes),
                    each(result.simulator_bytes), peak_memory() / 1e6);
        std::fflush(stdout);
    }
}
