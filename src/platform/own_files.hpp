#pragma once
// Files in folders that other users can write to, such as /tmp or a group's folder. Another user who knows a name
// beforehand may have put a link to one of our files under that name.

#include <filesystem>

namespace stemma {

/// Makes an empty file of this process's own. Removes what stood under the name: a link itself, not its target. Throws
/// std::filesystem::filesystem_error.
void make_own_file(const std::filesystem::path& path);

/// Makes the file if it does not exist, else leaves it unchanged. Throws std::filesystem::filesystem_error, also if
/// `path` is a link.
void make_file_to_append_to(const std::filesystem::path& path);

/// True for a regular file that belongs to this user and is no link. False if there is no file.
bool is_own_file(const std::filesystem::path& path);

/// Makes the folder, or takes an existing folder that belongs to this user and that no other user can write to. Other
/// users can then neither read nor write there. Its parent must exist. Throws UserError naming what is in the way.
void make_private_folder(const std::filesystem::path& folder);

}  // namespace stemma
