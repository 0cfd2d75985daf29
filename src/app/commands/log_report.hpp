#pragma once
// What `stemma status` shows of a run that was decided by other rules than this program's: what the log says by itself.

#include <filesystem>
#include <string>

namespace stemma {

/// How the run ended, its best member, and what was trained. Throws UserError as RunFileReader does.
std::string log_report(const std::filesystem::path& file);

}  // namespace stemma
