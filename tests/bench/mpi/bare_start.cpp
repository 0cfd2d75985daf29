// The baseline of tests/bench/mpi/start.py: initializes MPI, gathers the hosts' names, reports that, and sleeps until
// it is killed.
#include <mpi.h>
#include <unistd.h>

#include <array>
#include <cstdio>
#include <vector>

int main(int argc, char** argv) {
    int level = 0;
    MPI_Init_thread(&argc, &argv, MPI_THREAD_FUNNELED, &level);
    int rank = 0;
    int size = 0;
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    MPI_Comm_size(MPI_COMM_WORLD, &size);
    std::array<char, 128> host{};
    ::gethostname(host.data(), host.size() - 1);
    std::vector<char> hosts(host.size() * static_cast<std::size_t>(size));
    MPI_Allgather(host.data(), static_cast<int>(host.size()), MPI_CHAR, hosts.data(), static_cast<int>(host.size()),
                  MPI_CHAR, MPI_COMM_WORLD);
    if (rank == 0) {
        std::printf("%d ranks\n", size);
        std::fflush(stdout);
    }
    while (true) ::pause();
}
