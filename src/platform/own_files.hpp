#pragma once
// Files in folders that others can write to, /tmp or a group's: whoever knows a name beforehand may have put something
// there, such as a link to a file of ours.

#include <filesystem>

namespace stemma {

/// Makes an empty file of this process's own. What stood under the name is removed (a link itself, not what it points
/// to). Throws std::filesystem::filesystem_error.
void make_own_file(const std::filesystem::path& path);

/// Makes the file if there is none; one that is there stays as it is. Throws std::filesystem::filesystem_error, also
/// where `path` is a link.
void make_file_to_append_to(const std::filesystem::path& path);

/// A regular file of this user's own, and no link. False where there is none.
bool is_own_file(const std::filesystem::path& path);

/// Makes the folder, or takes one that is there if it is this user's own and nobody else can write to it; others can
/// then neither read nor write there. Its parent has to be there. Throws UserError naming what is in the way.
void make_private_folder(const std::filesystem::path& folder);

}  // namespace stemma
