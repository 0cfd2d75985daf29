#pragma once
#include <filesystem>

namespace stemma::record {

/// Forces a file's data to the disk. Throws UserError.
void sync_file(const std::filesystem::path& path);
/// Renames over `to`, and forces the folder to the disk. Throws UserError, also if `to` is a symbolic link: the link
/// would be replaced, and its target left behind.
void rename_durably(const std::filesystem::path& from, const std::filesystem::path& to);

}  // namespace stemma::record
