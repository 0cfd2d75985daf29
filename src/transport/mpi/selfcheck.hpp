#pragma once
#include "transport/mpi_library/selfcheck.hpp"

namespace stemma {

/// Collective over all ranks of the world. There is no run yet, so that ranks may wait for each other. Needs an
/// MpiSession. The result is filled on rank 0 only. Takes at most about seconds_max + 2 s. Ranks that are not measured
/// sleep.
SelfCheck mpi_selfcheck(const std::string& facts, const SelfCheckSettings& settings = {});

}  // namespace stemma
