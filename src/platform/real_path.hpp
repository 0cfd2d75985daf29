#pragma once
#include <filesystem>

namespace stemma {

/// The file that `path` stands for: the final target of a symbolic link, whether it exists or not, else `path`
/// unchanged. Links among its folders stay, because the system follows them. A program keeps companion files beside the
/// real file, and renaming onto the real path replaces no link. Throws UserError for links in a circle.
std::filesystem::path real_path(const std::filesystem::path& path);

}  // namespace stemma
