#pragma once
#include <spdlog/fwd.h>

#include <filesystem>
#include <memory>

namespace stemma {

/// Folder of a run's log files, one a rank: "toy.h5.logs".
std::filesystem::path log_folder(const std::filesystem::path& run_file);

/// The log of `rank`, appended to: "toy.h5.logs/rank-0.log"; a line is "2026-05-04 13:02:01.123 info  text". Warnings
/// are flushed at once. A log that cannot be opened costs a line on standard error and is then silent: no search ends
/// for want of a log.
std::shared_ptr<spdlog::logger> open_log(const std::filesystem::path& run_file, int rank);

/// The file for what a worker's own program prints, in the same folder; both are made. "" if they cannot be, which
/// costs a line on standard error.
std::string program_log(const std::filesystem::path& run_file, int rank);

}  // namespace stemma
