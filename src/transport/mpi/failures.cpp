#include "transport/mpi/failures.hpp"

#include <dlfcn.h>

#include <numeric>

namespace stemma {

std::vector<int> acknowledged_failures(MPI_Comm communicator) {
    // Declared by <mpi-ext.h> of Open MPI 5; MPI_Comm and MPI_Group are pointers in 4.1 and 5 alike.
    static const auto acknowledge = reinterpret_cast<int (*)(MPI_Comm)>(::dlsym(RTLD_DEFAULT, "MPIX_Comm_failure_ack"));
    static const auto get_acknowledged =
        reinterpret_cast<int (*)(MPI_Comm, MPI_Group*)>(::dlsym(RTLD_DEFAULT, "MPIX_Comm_failure_get_acked"));
    if (acknowledge == nullptr || get_acknowledged == nullptr) return {};
    MPI_Group dead = MPI_GROUP_NULL;
    if (acknowledge(communicator) != MPI_SUCCESS || get_acknowledged(communicator, &dead) != MPI_SUCCESS) return {};
    int count = 0;
    MPI_Group_size(dead, &count);
    std::vector<int> among_dead(static_cast<std::size_t>(count));
    std::iota(among_dead.begin(), among_dead.end(), 0);
    std::vector<int> ranks(among_dead.size());
    MPI_Group all = MPI_GROUP_NULL;
    MPI_Comm_group(communicator, &all);
    if (count > 0) MPI_Group_translate_ranks(dead, count, among_dead.data(), all, ranks.data());
    MPI_Group_free(&all);
    MPI_Group_free(&dead);
    return ranks;
}

}  // namespace stemma
