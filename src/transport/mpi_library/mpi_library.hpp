#pragma once
// The MPI part of the program, libstemma_mpi.so (platform/part.hpp), loaded where a launcher started several ranks. A
// program without that file trains with workers inside its process, and needs no MPI on the machine.

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "platform/launch.hpp"
#include "platform/part.hpp"
#include "transport/endpoint.hpp"
#include "transport/mpi_library/selfcheck.hpp"

namespace stemma {

/// MPI, from construction to destruction. All calls come from the thread that made the object, and wait for every rank.
class MpiRanks {
public:
    /// Waits for every other rank to do the same.
    virtual ~MpiRanks() = default;
    /// Rank 0's value, on every rank.
    virtual std::uint64_t agree(std::uint64_t value) = 0;
    /// The texts of all ranks, in order, on every rank.
    virtual std::vector<std::string> all_texts(const std::string& text) = 0;
    virtual std::unique_ptr<Endpoint> endpoint() = 0;
    /// Filled on rank 0 only. Takes some 8 s at most.
    virtual SelfCheck selfcheck(const std::string& facts) = 0;
};

struct MpiLibrary {
    /// Throws UserError if the MPI library lacks a needed feature.
    std::unique_ptr<MpiRanks> (*start)() = nullptr;
};

static inline std::string mpi_stamp(const char* version) {
    return part_stamp(version, {sizeof(MpiLibrary), sizeof(Arrival), sizeof(SelfCheck), sizeof(TransferId)});
}

/// Where libmpi.so.40 is, if it must not be left to the loader: LIB of the Open MPI whose mpirun started this process
/// (it sets OPAL_PREFIX where it was moved, as PyPI's is). "" if there is none.
std::string mpi_of_launcher(const Environment& environment);

/// Loads the part at the first call. libmpi is the launcher's, else the one that the loader finds, else LIB of this
/// program's own prefix (pip install "stemma-hpo[mpi]"). Throws UserError, at each call, if the part cannot be used.
const MpiLibrary& mpi_library();

}  // namespace stemma
