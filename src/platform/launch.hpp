#pragma once
// How this process was started, and which rank of how many it is, from the launcher's environment variables. They are
// read once, at the start. Other code gets the result as a value.

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "core/error.hpp"

namespace stemma {

using Environment = std::map<std::string, std::string, std::less<>>;

/// The environment of this process.
Environment read_environment();

enum class Launcher : std::uint8_t {
    none,     ///< started by hand: one process
    openmpi,  ///< Open MPI's mpirun (also inside a Slurm allocation)
    slurm,    ///< Slurm's srun
};
std::string_view name_of(Launcher launcher);

struct Launch {
    Launcher launcher = Launcher::none;
    int rank = 0;
    int size = 1;
    int local_rank = 0;       ///< rank among the ranks of this host
    int local_size = 1;       ///< ranks on this host
    std::string host = {};    ///< as the launcher calls it; "" if the launcher does not say
    std::string job_id = {};  ///< Slurm's job id, "123_4" for a task of an array; "" outside Slurm
    int nodes = 1;            ///< of the Slurm allocation
    int cores_per_rank = 0;   ///< as asked of Slurm; 0 = not said
    int restarts = 0;         ///< how often Slurm has queued this job again
    /// Seconds since 1970 when the allocation ends, if the launcher says so. Slurm does from 23.02 on. For older
    /// versions slurm/stemma.sbatch asks for it.
    std::optional<std::int64_t> end_time = {};
};

/// Ranks of MPICH, Intel MPI or another MPI of that family, which cannot talk to each other through Open MPI. Each rank
/// would otherwise take itself for the only process.
struct ForeignLauncher : UserError {
    ForeignLauncher(int rank_, int size_);
    int rank;  ///< of this process; one of them tells the user
};

/// Pure. Throws ForeignLauncher for several ranks of MPICH's mpirun: its PMI_ variables, without Open MPI's and without
/// a Slurm step of as many tasks. Open MPI's variables come before Slurm's: mpirun inside an allocation sets both, and
/// only its own variables tell the ranks apart. A batch shell without srun or mpirun is Launcher::none, with its
/// job_id. Throws UserError if a variable that must be a number is none, or if rank and size contradict each other.
Launch launch_of(const Environment& environment);

/// The launch in one line: "Slurm job 77 (start 2), 4 nodes; srun started 17 ranks, 8 cores each". "" for a process
/// that was started by hand outside Slurm. Pure.
std::string describe(const Launch& launch);

/// The default grace period for an orderly end: a tenth of the `seconds` that are left, within 10 .. 120 s, for each of
/// the `units` of training that a stop takes. Pure.
double default_grace(double seconds, unsigned units = 1);

/// Seconds that a start of the program has, counted from its beginning by a clock that never jumps.
struct TimeLeft {
    double whole = 0;    ///< until the allocation ends
    double orderly = 0;  ///< until the search should end in order
};
/// From a start at `now` (seconds since 1970): the search ends `grace` seconds before the allocation does. Without
/// `grace`, default_grace() of the time left. nullopt: no end is known. Pure.
std::optional<TimeLeft> time_left(const Launch& launch, double now, std::optional<double> grace,
                                  unsigned stop_units = 1);

/// A warning with more time left than this announces a preemption or a user's request, not the allocation's end.
inline constexpr double warning_lead_max = 600;
/// Whether a warning signal after `passed` seconds would cost more than half of a short allocation. Slurm sends
/// `--signal=USR1@120` up to a minute early, so at once with --time=2. TimeLeft::orderly ends the search then. Pure.
bool is_early_warning(const TimeLeft& time, double passed);

/// What main() should return for `code`. mpirun loses the code otherwise. With --enable-recovery it returns 0 whatever
/// the ranks do. Without that option it ends the other ranks and waits for its kill timeout twice (42 s measured with
/// 20 s). So a wrapper that sets STEMMA_EXIT_CODE_FILE finds the code of rank 0 in that file, and every rank returns 0.
/// Without the variable: `code` itself on rank 0, 0 on the other ranks, so that a failure is told once.
int exit_code_for_launcher(int code, const Launch& launch, const Environment& environment);

}  // namespace stemma
