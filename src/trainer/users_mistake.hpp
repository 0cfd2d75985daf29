#pragma once
#include <string_view>

#include "trainer/trainer.hpp"

namespace stemma {

// Types of `device` failures that only the user can correct: each worker that meets one is retired, and the next start
// would meet it, too.

/// No folder has room for snapshots to and from a program.
inline constexpr std::string_view no_room_for_snapshots = "trainer.scratch";
/// No training with this command can begin, whatever the configuration.
inline constexpr std::string_view wrong_command = "trainer.command";

inline bool is_users_mistake(FailureKind kind, std::string_view type) {
    return kind == FailureKind::device && (type == no_room_for_snapshots || type == wrong_command);
}

}  // namespace stemma
