#pragma once
#include <string_view>

namespace stemma {

/// Type of a `device` failure that only the user can correct: no folder has room for snapshots to and from a program.
inline constexpr std::string_view no_room_for_snapshots = "trainer.scratch";

}  // namespace stemma
