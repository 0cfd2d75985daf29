#pragma once
#include <filesystem>

namespace stemma {

/// The file that `path` stands for: where `path` is a symbolic link, what it points to in the end, whether that is
/// there or not; else `path` as it is. Links among its folders stay: the system follows them. What a program keeps
/// beside a file lies beside that file, and renaming onto it replaces no link.
/// Throws UserError for links in a circle.
std::filesystem::path real_path(const std::filesystem::path& path);

}  // namespace stemma
