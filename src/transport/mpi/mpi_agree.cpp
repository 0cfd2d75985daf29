#include "transport/mpi/mpi_agree.hpp"

#include <boost/mpi/collectives/broadcast.hpp>
#include <boost/mpi/communicator.hpp>

namespace stemma {

std::uint64_t mpi_agree(std::uint64_t value) {
    boost::mpi::broadcast(boost::mpi::communicator(), value, 0);
    return value;
}

}  // namespace stemma
