#pragma once
// What the control groups (cgroups, version 1, 2 or both at once) of this process allow it. Batch systems and
// containers set limits on groups above the process's group, so that all groups on the way count.

#include <cstdint>
#include <filesystem>
#include <optional>

namespace stemma {

struct GroupLimits {
    std::optional<double> cores;             ///< processor time a second, in cores: 1.5
    std::optional<std::uint64_t> memory;     ///< bytes
    std::optional<std::uint64_t> available;  ///< bytes of `memory` that are free or hold only files
};

/// The tightest limits of the process's group and of the groups around it, as far as they are mounted. Empty where no
/// group has a limit. `root`: the folder with /proc and the mount points (tests use recorded ones). Never throws for
/// missing files. Reads some dozen small files.
GroupLimits group_limits(const std::filesystem::path& root = "/");

}  // namespace stemma
