#include "transport/mpi/mpi_session.hpp"

#include <mpi.h>

#include <array>
#include <boost/mpi/communicator.hpp>
#include <boost/mpi/environment.hpp>

#include "core/error.hpp"

namespace stemma {

struct MpiSession::Impl {
    // `false`: an exception on its way out of main() must reach the user, not become MPI_Abort inside a destructor.
    Impl(int& argc, char**& argv) : environment(argc, argv, boost::mpi::threading::funneled, false) {}
    boost::mpi::environment environment;
    boost::mpi::communicator world;
};

MpiSession::MpiSession(int& argc, char**& argv) : impl_(std::make_unique<Impl>(argc, argv)) {
    if (boost::mpi::environment::thread_level() < boost::mpi::threading::funneled) {
        throw UserError(
            "MPI: this library was built without thread support (MPI_THREAD_FUNNELED); install another one");
    }
}

MpiSession::~MpiSession() = default;

int MpiSession::rank() const { return impl_->world.rank(); }
int MpiSession::size() const { return impl_->world.size(); }
std::string MpiSession::host() const { return boost::mpi::environment::processor_name(); }

std::string MpiSession::library() const {
    std::array<char, MPI_MAX_LIBRARY_VERSION_STRING> text{};
    int length = 0;
    MPI_Get_library_version(text.data(), &length);
    const std::string all(text.data(), static_cast<std::size_t>(length));
    return all.substr(0, all.find_first_of(",\n"));
}

}  // namespace stemma
