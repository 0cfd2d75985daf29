#pragma once
#include <memory>
#include <vector>

#include "transport/endpoint.hpp"

namespace stemma {

/// Endpoints for the threads of one process. Number i is for the thread of rank i, and belongs to that thread alone.
/// Different endpoints may be used at the same time. Frames cost a lock and a move, snapshots one copy.
std::vector<std::unique_ptr<Endpoint>> make_loopback(int ranks);

}  // namespace stemma
