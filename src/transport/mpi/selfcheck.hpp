#pragma once
#include "transport/mpi_library/selfcheck.hpp"

namespace stemma {

/// Collective over all ranks of the world (there is no run yet, so waiting for each other is fine); needs an
/// MpiSession. The result is filled on rank 0 only. Takes at most about seconds_max + 2 s; ranks that are not measured
/// sleep.
SelfCheck mpi_selfcheck(const std::string& facts, const SelfCheckSettings& settings = {});

}  // namespace stemma
