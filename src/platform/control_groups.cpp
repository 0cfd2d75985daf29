#include "platform/control_groups.hpp"

#include <algorithm>
#include <charconv>
#include <fstream>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

#include "platform/texts.hpp"

namespace stemma {

namespace fs = std::filesystem;

namespace {

/// The first number of a file. "max" (version 2) and -1 (version 1) give no number.
std::optional<std::uint64_t> read_number(const fs::path& path) {
    const auto text = read_text(path);
    std::uint64_t number = 0;
    const auto result = std::from_chars(text.data(), text.data() + text.size(), number);
    return result.ec == std::errc() ? std::optional(number) : std::nullopt;
}

/// The number behind a name at the start of a line, as in memory.stat.
std::uint64_t entry(const std::string& text, const std::string& name) {
    std::istringstream lines(text);
    std::string word;
    std::uint64_t number = 0;
    while (lines >> word >> number) {
        if (word == name) return number;
    }
    return 0;
}

bool has(const std::vector<std::string>& words, std::string_view word) {
    return std::find(words.begin(), words.end(), word) != words.end();
}

/// The kernel writes blanks and other special characters in paths as \040.
std::string unescaped(const std::string& path) {
    std::string out;
    for (std::size_t i = 0; i < path.size(); ++i) {
        unsigned code = 0;
        if (path[i] == '\\' && i + 3 < path.size() &&
            std::from_chars(path.data() + i + 1, path.data() + i + 4, code, 8).ptr == path.data() + i + 4) {
            out += static_cast<char>(code);
            i += 3;
        } else {
            out += path[i];
        }
    }
    return out;
}

/// A mounted hierarchy of groups.
struct Mount {
    std::string root;  ///< the group that is mounted
    fs::path folder;   ///< where it is mounted
    bool second = false;
    std::vector<std::string> controllers;  ///< of version 1
};

/// Lines of /proc/self/mountinfo: id, parent, device, root, folder, options, any number of fields, "-", type, source,
/// options of the file system.
std::vector<Mount> mounted(const fs::path& root) {
    std::vector<Mount> mounts;
    for (const auto& line : split(read_text(root / "proc/self/mountinfo"), '\n')) {
        const auto words = split(line, ' ');
        const auto dash = std::find(words.begin() + std::min<std::ptrdiff_t>(6, std::ssize(words)), words.end(), "-");
        if (words.end() - dash < 4 || !dash[1].starts_with("cgroup")) continue;
        mounts.push_back({.root = unescaped(words[3]),
                          .folder = root / fs::path(unescaped(words[4])).relative_path(),
                          .second = dash[1] == "cgroup2",
                          .controllers = split(dash[3], ',')});
    }
    return mounts;
}

/// The process's group in the mounted hierarchy, from /proc/self/cgroup; "" if the process is in no group there.
std::string own_group(const Mount& mount, const std::string& groups) {
    for (const auto& line : split(groups, '\n')) {
        const auto first = line.find(':');
        const auto second = first == std::string::npos ? first : line.find(':', first + 1);
        if (second == std::string::npos) continue;
        const auto controllers = split(line.substr(first + 1, second - first - 1), ',');
        const bool same =
            mount.second ? controllers.empty() : !controllers.empty() && has(mount.controllers, controllers[0]);
        if (same) return line.substr(second + 1);
    }
    return {};
}

/// Folders of the group and of the groups around it, from the mount point inwards, as far as they are visible.
std::vector<fs::path> folders(const Mount& mount, const std::string& group) {
    const fs::path outer(mount.root), inner(group);
    const auto parts = std::mismatch(outer.begin(), outer.end(), inner.begin(), inner.end());
    const bool around = outer == "/" || parts.first == outer.end();
    // A container may have mounted a group that lies above all groups it has names for. The mounted group counts, too.
    if (group.empty() || (!around && *std::next(outer.begin()) != "..")) return {};
    std::vector<fs::path> found{mount.folder};
    if (!around) return found;
    std::error_code error;
    for (auto name = outer == "/" ? std::next(inner.begin()) : parts.second; name != inner.end(); ++name) {
        if (*name == "..") return {};  // beside what is mounted
        const auto folder = found.back() / *name;
        if (!fs::is_directory(folder, error)) break;
        found.push_back(folder);
    }
    return found;
}

template <class T>
void tighten(std::optional<T>& limit, std::optional<T> other) {
    if (other) limit = limit ? std::min(*limit, *other) : *other;
}

void limit_cores(GroupLimits& limits, const fs::path& group, bool second) {
    double quota = 0;
    double period = 0;
    if (second) {
        std::istringstream text(read_text(group / "cpu.max"));  // "150000 100000", "max 100000"
        if (!(text >> quota >> period)) return;
    } else {
        quota = static_cast<double>(read_number(group / "cpu.cfs_quota_us").value_or(0));
        period = static_cast<double>(read_number(group / "cpu.cfs_period_us").value_or(0));
    }
    if (quota > 0 && period > 0) tighten(limits.cores, std::optional(quota / period));
}

void limit_memory(GroupLimits& limits, const fs::path& group, bool second) {
    std::optional<std::uint64_t> limit;
    if (second) {
        for (const auto* name : {"memory.max", "memory.high"}) tighten(limit, read_number(group / name));
    } else {
        tighten(limit, read_number(group / "memory.limit_in_bytes"));
    }
    if (!limit) return;
    const auto used = read_number(group / (second ? "memory.current" : "memory.usage_in_bytes")).value_or(0);
    // Pages of files without recent use are counted, and given up when memory is needed.
    const auto files = entry(read_text(group / "memory.stat"), second ? "inactive_file" : "total_inactive_file");
    const auto held = used - std::min(used, files);
    tighten(limits.memory, limit);
    tighten(limits.available, std::optional(*limit - std::min(*limit, held)));
}

}  // namespace

GroupLimits group_limits(const fs::path& root) {
    GroupLimits limits;
    const auto groups = read_text(root / "proc/self/cgroup");
    for (const auto& mount : mounted(root)) {
        for (const auto& folder : folders(mount, own_group(mount, groups))) {
            if (mount.second || has(mount.controllers, "cpu")) limit_cores(limits, folder, mount.second);
            if (mount.second || has(mount.controllers, "memory")) limit_memory(limits, folder, mount.second);
        }
    }
    return limits;
}

}  // namespace stemma
