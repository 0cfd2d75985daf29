#pragma once
#include <filesystem>
#include <functional>
#include <ostream>

namespace stemma {

/// A file of what `write` puts out: whole under its name, or not there, and one that was there before stays, where
/// writing fails. A link is followed; what is no ordinary file (/dev/stdout, a pipe) is written to as it is.
/// Throws UserError with the system's reason, and whatever `write` throws.
void write_whole_file(const std::filesystem::path& path, const std::function<void(std::ostream&)>& write);

/// The same of what another file holds.
void copy_whole_file(const std::filesystem::path& from, const std::filesystem::path& to);

}  // namespace stemma
