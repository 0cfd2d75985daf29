#pragma once
#include <string_view>

namespace stemma {

/// Type of a failure of kind `device` that only the user can mend: no folder has room for snapshots on their way to and
/// from a program.
inline constexpr std::string_view no_room_for_snapshots = "trainer.scratch";

}  // namespace stemma
