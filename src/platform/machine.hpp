#pragma once
// What this machine has: cores, memory, file systems. The only place that asks; all values are of the moment of the
// call.

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

namespace stemma {

/// Cores that this process may run on (its affinity mask, so a launcher's binding counts), cut to the CPU quota of its
/// control groups (control_groups.hpp), rounded up. At least 1. `root`: where /proc and the groups lie.
int usable_cores(const std::filesystem::path& root = "/");

/// The cores of the affinity mask as text, "0 1 8 9": equal for processes that share their cores.
std::string core_set();

struct Memory {
    std::uint64_t total = 0;      ///< bytes this process may use at most: the machine's, or its control groups' limit
    std::uint64_t available = 0;  ///< bytes it can still get without swapping (an estimate of the kernel's)
};
Memory memory(const std::filesystem::path& root = "/");

/// Bytes for the snapshots of one of `workers` >= 1 on this machine: `wanted`, but all of them together at most half of
/// the memory, for the rest is for training. 0 (no bound) stays 0. Pure.
std::uint64_t snapshot_quota(std::uint64_t wanted, const Memory& memory, int workers);

/// MemTotal and MemAvailable of the text of /proc/meminfo, in bytes (0 where absent). Pure.
Memory parse_meminfo(std::string_view text);

std::string host_name();

/// What to type in a shell for a file: from the working folder where it lies below that, else the path as it is;
/// quoted where that is needed.
std::string path_to_type(const std::filesystem::path& path);
/// And for the program that runs: its name alone where PATH finds it by that.
std::string program_to_type();

/// Seconds since 1970.
double unix_time();

/// "Intel(R) Xeon(R) ..." or "" if the system does not say.
std::string cpu_model();

/// The file system that `path` (or its nearest existing parent) lies on.
struct FileSystem {
    std::string name;      ///< "nfs", "lustre", "ext4", ...; "0x1234" if not known
    bool network = false;  ///< other hosts may write to it: HDF5's single-writer mode is not safe there
    std::uint64_t free_bytes = 0;
};
/// Throws UserError if nothing above `path` can be asked.
FileSystem file_system_of(const std::filesystem::path& path);
bool is_network_file_system(const std::filesystem::path& path);

}  // namespace stemma
