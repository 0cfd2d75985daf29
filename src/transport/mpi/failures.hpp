#pragma once
// Ranks that MPI itself knows to be dead, with the User Level Failure Mitigation of Open MPI 5 (`mpirun --with-ft
// ulfm`).

#include <mpi.h>

#include <vector>

namespace stemma {

/// The dead ranks of `communicator`, acknowledged. Receives from any rank report an error after a death; once it is
/// acknowledged they go on among the living ranks. Empty where the MPI library has no ULFM. ULFM is looked up at run
/// time, because a program built with Open MPI 4.1 also runs on 5. Local, no communication.
std::vector<int> acknowledged_failures(MPI_Comm communicator);

}  // namespace stemma
