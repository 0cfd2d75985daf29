#pragma once
#include <cstddef>
#include <memory>

#include "transport/endpoint.hpp"

namespace stemma {

/// The same values on every rank.
struct MpiEndpointSettings {
    std::size_t chunk_bytes = std::size_t{4} << 20U;  ///< of a snapshot per MPI message; < 2 GiB (MPI counts are int)
    std::size_t chunks_in_flight = 4;                 ///< per transfer
    std::size_t receives_posted = 8;                  ///< control receives, 256 KiB each
    /// Transfers that a rank sends at a time. One would saturate the wire. The second bridges the time in which the
    /// receiver of the first is busy.
    int sends_at_once = 2;
};

/// This rank's endpoint on a communicator of its own. Collective, and the only collective call of a run: every rank of
/// the world calls it, in the same order. An MpiSession must be alive and must outlive the endpoint.
std::unique_ptr<Endpoint> make_mpi_endpoint(const MpiEndpointSettings& settings = {});

}  // namespace stemma
