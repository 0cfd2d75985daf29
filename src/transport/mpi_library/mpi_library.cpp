#include "transport/mpi_library/mpi_library.hpp"

#include "core/error.hpp"

namespace stemma {

const MpiLibrary& mpi_library() {
    static const auto part = load_part("mpi", mpi_stamp(STEMMA_VERSION));
    if (part.table != nullptr) return *static_cast<const MpiLibrary*>(part.table);
    throw UserError("a launcher started several ranks, but this program has no MPI (" + part.problem +
                    "); use an installation with MPI (docs/install.md), or start stemma without mpirun or srun for "
                    "workers inside one process");
}

}  // namespace stemma
