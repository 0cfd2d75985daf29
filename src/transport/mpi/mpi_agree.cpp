#include "transport/mpi/mpi_agree.hpp"

#include <boost/mpi/collectives/all_gather.hpp>
#include <boost/mpi/collectives/broadcast.hpp>
#include <boost/mpi/communicator.hpp>
#include <boost/serialization/string.hpp>

namespace stemma {

std::uint64_t mpi_agree(std::uint64_t value) {
    boost::mpi::broadcast(boost::mpi::communicator(), value, 0);
    return value;
}

std::vector<std::string> mpi_all_texts(const std::string& text) {
    std::vector<std::string> all;
    boost::mpi::all_gather(boost::mpi::communicator(), text, all);
    return all;
}

}  // namespace stemma
