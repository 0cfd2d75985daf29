#pragma once
// A process and what descends from it, as /proc shows it.

#include <cstdint>
#include <vector>

namespace stemma {

std::vector<int> children_of(int process);

/// Bytes that all descendants of `process` have in use, pages that several of them share counted once (proportional
/// set size). Where a sum that counts them each time is no more than `enough`, that sum: it is cheap to get. Processes
/// that cannot be read count nothing.
std::uint64_t tree_memory(int process, std::uint64_t enough);

}  // namespace stemma
