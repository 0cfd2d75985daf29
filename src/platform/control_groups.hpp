#pragma once
// What the control groups (cgroups, version 1, 2 or both at once) of this process allow it. Batch systems and
// containers set limits on groups of their own above the process's group, so that all of them count.

#include <cstdint>
#include <filesystem>
#include <optional>

namespace stemma {

struct GroupLimits {
    std::optional<double> cores;             ///< processor time a second, in cores: 1.5
    std::optional<std::uint64_t> memory;     ///< bytes
    std::optional<std::uint64_t> available;  ///< bytes of `memory` that are free or hold files only
};

/// The tightest of the own group and those around it, as far as they are mounted; nothing where none has a limit.
/// `root`: under which /proc and the mount points lie (tests have recorded ones). Never throws for what is not there.
/// Reads some dozen small files.
GroupLimits group_limits(const std::filesystem::path& root = "/");

}  // namespace stemma
