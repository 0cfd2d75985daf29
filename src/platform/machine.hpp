#pragma once
// What this machine has: cores, memory, file systems. All queries of the machine are here. All values are of the moment
// of the call.

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

namespace stemma {

/// Cores that this process may run on. Counts its affinity mask, and so a launcher's binding, cut to the CPU quota of
/// its control groups (control_groups.hpp), rounded up. At least 1. `root`: where /proc and the groups lie.
int usable_cores(const std::filesystem::path& root = "/");

/// The cores of the affinity mask as text, "0 1 8 9": equal for processes that share their cores.
std::string core_set();

struct Memory {
    std::uint64_t total = 0;      ///< bytes this process may use at most: the machine's, or its control groups' limit
    std::uint64_t available = 0;  ///< bytes it can still get without swapping (the kernel's estimate)
};
Memory memory(const std::filesystem::path& root = "/");

/// Bytes for the snapshots of each of `workers` >= 1 on this machine. `wanted`, but for all workers together at most
/// half of the memory, because training needs the rest. 0 (no bound) stays 0. Pure.
std::uint64_t snapshot_quota(std::uint64_t wanted, const Memory& memory, int workers);

/// MemTotal and MemAvailable of the text of /proc/meminfo, in bytes (0 if absent). Pure.
Memory parse_meminfo(std::string_view text);

std::string host_name();

/// A file's path to type in a shell, quoted if necessary. Relative to the working folder for a file below it, else the
/// path unchanged.
std::string path_to_type(const std::filesystem::path& path);
/// The running program as a user types it: its name alone if PATH finds it by that name.
std::string program_to_type();

/// Seconds since 1970.
double unix_time();

/// "Intel(R) Xeon(R) ...", or "" if the system does not say.
std::string cpu_model();

/// The file system that `path` (or its nearest existing parent) lies on.
struct FileSystem {
    std::string name;      ///< "nfs", "lustre", "ext4", ...; "0x1234" if not known
    bool network = false;  ///< other hosts may write to it: HDF5's single-writer mode is not safe there
    std::uint64_t free_bytes = 0;
};
/// Throws UserError if no folder above `path` can be asked.
FileSystem file_system_of(const std::filesystem::path& path);
bool is_network_file_system(const std::filesystem::path& path);

}  // namespace stemma
