#include "platform/machine.hpp"

#include <sched.h>
#include <sys/statfs.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <charconv>
#include <chrono>
#include <cmath>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <sstream>

#include "core/error.hpp"
#include "platform/control_groups.hpp"
#include "platform/texts.hpp"

namespace stemma {
namespace {

std::uint64_t meminfo_entry(std::string_view text, std::string_view name) {
    const auto at = text.find(name);
    if (at == std::string_view::npos) return 0;
    text.remove_prefix(at + name.size());
    text.remove_prefix(std::min(text.find_first_not_of(' '), text.size()));
    std::uint64_t kilobytes = 0;
    std::from_chars(text.data(), text.data() + text.size(), kilobytes);
    return kilobytes * 1024;
}

struct KnownFileSystem {
    std::uint32_t magic;
    std::string_view name;
    bool network;
};
// statfs(2) and the file systems' own sources. Network: visible to several hosts, or served by another host.
constexpr std::array known_file_systems{
    KnownFileSystem{0x6969, "nfs", true},        KnownFileSystem{0x0BD00BD0, "lustre", true},
    KnownFileSystem{0x47504653, "gpfs", true},   KnownFileSystem{0x19830326, "beegfs", true},
    KnownFileSystem{0x00C36400, "ceph", true},   KnownFileSystem{0xFF534D42, "cifs", true},
    KnownFileSystem{0xFE534D42, "smb2", true},   KnownFileSystem{0x517B, "smb", true},
    KnownFileSystem{0x5346414F, "afs", true},    KnownFileSystem{0x01021997, "9p", true},
    KnownFileSystem{0x65735546, "fuse", true},   KnownFileSystem{0x20030528, "orangefs", true},
    KnownFileSystem{0x7461636F, "ocfs2", true},  KnownFileSystem{0x01161970, "gfs2", true},
    KnownFileSystem{0xEF53, "ext4", false},      KnownFileSystem{0x58465342, "xfs", false},
    KnownFileSystem{0x9123683E, "btrfs", false}, KnownFileSystem{0x2FC12FC1, "zfs", false},
    KnownFileSystem{0x01021994, "tmpfs", false}, KnownFileSystem{0x794C7630, "overlay", false},
    KnownFileSystem{0xF2F52010, "f2fs", false},  KnownFileSystem{0x858458F6, "ramfs", false},
};

}  // namespace

int usable_cores(const std::filesystem::path& root) {
    cpu_set_t mask;
    CPU_ZERO(&mask);
    int cores = ::sched_getaffinity(0, sizeof mask, &mask) == 0 ? CPU_COUNT(&mask)
                                                                : static_cast<int>(::sysconf(_SC_NPROCESSORS_ONLN));
    if (const auto quota = group_limits(root).cores; quota && *quota < cores)
        cores = static_cast<int>(std::ceil(*quota));
    return std::max(cores, 1);
}

std::string core_set() {
    cpu_set_t mask;
    CPU_ZERO(&mask);
    std::string text;
    if (::sched_getaffinity(0, sizeof mask, &mask) != 0) return text;
    for (int core = 0; core < CPU_SETSIZE; ++core) {
        if (CPU_ISSET(core, &mask)) text += (text.empty() ? "" : " ") + std::to_string(core);
    }
    return text;
}

Memory parse_meminfo(std::string_view text) {
    return {.total = meminfo_entry(text, "MemTotal:"), .available = meminfo_entry(text, "MemAvailable:")};
}

Memory memory(const std::filesystem::path& root) {
    auto result = parse_meminfo(read_text(root / "proc/meminfo"));
    const auto limits = group_limits(root);
    // Where there is no limit, version 1 has a number larger than any memory.
    if (limits.memory) result.total = std::min(result.total, *limits.memory);
    if (limits.available) result.available = std::min(result.available, *limits.available);
    return result;
}

std::uint64_t snapshot_quota(std::uint64_t wanted, const Memory& memory, int workers) {
    if (memory.total == 0) return wanted;  // not known
    return std::min(wanted, std::max<std::uint64_t>(1, memory.total / 2 / static_cast<std::uint64_t>(workers)));
}

double unix_time() {
    return std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count();
}

std::string host_name() {
    std::array<char, 256> name{};
    if (::gethostname(name.data(), name.size() - 1) != 0) return "localhost";
    return name.data();
}

std::string path_to_type(const std::filesystem::path& path) {
    std::error_code error;
    const auto from_here = std::filesystem::relative(path, error);
    auto text = error || from_here.empty() || *from_here.begin() == ".." ? path.string() : from_here.string();
    const auto plain = [](unsigned char c) {
        return std::isalnum(c) != 0 || c > 127 ||
               std::string_view("_-+./:,=@%").find(static_cast<char>(c)) != std::string_view::npos;
    };
    if (std::ranges::all_of(text, plain)) return text;
    for (auto at = text.find('\''); at != std::string::npos; at = text.find('\'', at + 4)) text.replace(at, 1, "'\\''");
    return "'" + text + "'";
}

std::string program_to_type() {
    std::error_code error;
    const auto program = std::filesystem::read_symlink("/proc/self/exe", error);
    if (error) return "stemma";
    const char* path = std::getenv("PATH");
    std::istringstream folders(path == nullptr ? "" : path);
    for (std::string folder; std::getline(folders, folder, ':');) {
        const auto found = std::filesystem::path(folder) / program.filename();
        if (!std::filesystem::exists(found, error)) continue;
        return std::filesystem::equivalent(found, program, error) ? program.filename().string() : path_to_type(program);
    }
    return path_to_type(program);
}

std::string cpu_model() {
    std::ifstream file("/proc/cpuinfo");
    for (std::string line; std::getline(file, line);) {
        if (line.starts_with("model name")) return line.substr(std::min(line.find(':') + 2, line.size()));
    }
    return {};
}

FileSystem file_system_of(const std::filesystem::path& path) {
    auto there = std::filesystem::absolute(path);
    struct statfs info {};
    while (::statfs(there.c_str(), &info) != 0) {
        if (!there.has_relative_path()) {
            throw UserError("cannot tell on which file system " + path.string() + " lies: " + std::strerror(errno));
        }
        there = there.parent_path();
    }
    const auto magic = static_cast<std::uint32_t>(info.f_type);
    const auto free_bytes = static_cast<std::uint64_t>(info.f_bavail) * static_cast<std::uint64_t>(info.f_bsize);
    for (const auto& known : known_file_systems) {
        if (known.magic == magic) return {std::string(known.name), known.network, free_bytes};
    }
    std::ostringstream name;
    name << "0x" << std::hex << magic;
    return {name.str(), false, free_bytes};
}

bool is_network_file_system(const std::filesystem::path& path) { return file_system_of(path).network; }

}  // namespace stemma
