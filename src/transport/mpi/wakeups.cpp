#include "transport/mpi/wakeups.hpp"

#include <mpi.h>

#include <type_traits>

#include "transport/mpi/requests.hpp"

namespace stemma {

Wakeups::Wakeups(const boost::mpi::communicator& communicator)
    : own_(shared_.word()), words_(static_cast<std::size_t>(communicator.size())) {
    static_assert(std::is_trivially_copyable_v<WakeupAddress>);
    std::vector<WakeupAddress> addresses(words_.size());
    mpi_detail::check(MPI_Allgather(&shared_.address(), sizeof(WakeupAddress), MPI_BYTE, addresses.data(),
                                    sizeof(WakeupAddress), MPI_BYTE, communicator),
                      "MPI_Allgather");
    int reached = 1;
    for (std::size_t rank = 0; rank < words_.size(); ++rank) {
        if (static_cast<int>(rank) == communicator.rank()) continue;
        words_[rank] = open_wakeup(addresses[rank]);
        if (words_[rank]) ++reached;
    }
    // Also before a rank ends and takes its address with it.
    int reached_by_each = 0;
    mpi_detail::check(MPI_Allreduce(&reached, &reached_by_each, 1, MPI_INT, MPI_MIN, communicator), "MPI_Allreduce");
    all_wake_ = reached_by_each == communicator.size();
}

}  // namespace stemma
