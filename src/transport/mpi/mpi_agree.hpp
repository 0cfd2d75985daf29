#pragma once
#include <cstdint>
#include <string>
#include <vector>

namespace stemma {

/// Rank 0's value on every rank. Collective over the world: before the search only. An MpiSession must be alive.
std::uint64_t mpi_agree(std::uint64_t value);

/// The texts of all ranks, in order, on every rank. Collective over the world, under the same conditions.
std::vector<std::string> mpi_all_texts(const std::string& text);

}  // namespace stemma
