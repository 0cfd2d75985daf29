#pragma once
// A worker's program, from its start to its first lease.

#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "trainer/process/child_group.hpp"
#include "trainer/process/process_trainer.hpp"

namespace stemma {

/// For a program that was told to end. After that it is killed.
inline constexpr auto quit_time = std::chrono::milliseconds(5000);

std::string words_text(const std::vector<std::string>& words);

/// The program of the settings, started in all its processes. `scratch`: a folder of this worker's own. Throws
/// std::system_error if it cannot be started.
std::unique_ptr<ChildGroup> started(const ProcessSettings& settings, ChildStarter& starter, const std::string& scratch);

}  // namespace stemma
