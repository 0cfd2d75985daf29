#pragma once
#include <filesystem>
#include <functional>
#include <ostream>

namespace stemma {

/// Makes a file of what `write` puts out. If writing fails, the file does not exist, or an earlier file stays. A link
/// is followed. A path that is no ordinary file (/dev/stdout, a pipe) is written to directly. Throws UserError with the
/// system's reason, and whatever `write` throws.
void write_whole_file(const std::filesystem::path& path, const std::function<void(std::ostream&)>& write);

/// Copies the content of `from` to `to` under the same rules.
void copy_whole_file(const std::filesystem::path& from, const std::filesystem::path& to);

}  // namespace stemma
