#pragma once
// A process and its descendants, as /proc shows them.

#include <cstdint>
#include <span>
#include <vector>

namespace stemma {

std::vector<int> children_of(int process);

/// Bytes that all descendants of `processes` have in use. Pages that several of them share count once (proportional set
/// size). A cheaper sum that counts shared pages each time is returned if it is at most `enough`. Processes that cannot
/// be read count nothing.
std::uint64_t tree_memory(std::span<const int> processes, std::uint64_t enough);

}  // namespace stemma
