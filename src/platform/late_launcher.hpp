#pragma once
#include <unistd.h>

#include <chrono>

namespace stemma {

/// Sees to it that this process's parent ends, if it is mpirun (also mpiexec, orterun, prterun): starts a process that
/// outlives this one. If the parent lives on for `patience`, it gets a SIGTERM, and after `patience` once more a
/// SIGKILL. Call it just before this process ends, when ranks are lost. mpirun of Open MPI 4.1 waits for ever when two
/// ranks of another host ended without MPI_Finalize, or when a host is off (tests/hosts). Does nothing under another
/// parent, or if no process can be started.
void end_late_launcher(std::chrono::seconds patience);

/// The same for any process, which need not be the parent.
void end_late_process(pid_t process, std::chrono::seconds patience);

}  // namespace stemma
