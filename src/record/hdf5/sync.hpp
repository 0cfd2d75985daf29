#pragma once
#include <filesystem>

namespace stemma {

/// Forces a file's data to the disk. Throws UserError.
void sync_file(const std::filesystem::path& path);
/// Renames over `to`, and forces the folder to the disk. Throws UserError, also where `to` is a symbolic link: it would
/// be replaced, and what it points to left behind.
void rename_durably(const std::filesystem::path& from, const std::filesystem::path& to);

}  // namespace stemma
