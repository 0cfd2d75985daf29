#pragma once
#include <cstdint>

namespace stemma {

/// Rank 0's value on every rank. Collective over the world: before the search only. An MpiSession must be alive.
std::uint64_t mpi_agree(std::uint64_t value);

}  // namespace stemma
