#pragma once
#include <spdlog/fwd.h>

#include <filesystem>
#include <memory>

namespace stemma {

/// Folder of a run's log files, one for each rank: "toy.h5.logs".
std::filesystem::path log_folder(const std::filesystem::path& run_file);

/// The log of `rank`, opened for appending: "toy.h5.logs/rank-0.log". A line is "2026-05-04 13:02:01.123 info  text".
/// Warnings are flushed at once. If the log cannot be opened, a line on standard error says so, and the search goes on
/// without it.
std::shared_ptr<spdlog::logger> open_log(const std::filesystem::path& run_file, int rank);

/// The file for the output of a worker's own program, in the same folder. Makes both. "" if they cannot be made, with a
/// line on standard error.
std::string program_log(const std::filesystem::path& run_file, int rank);

}  // namespace stemma
