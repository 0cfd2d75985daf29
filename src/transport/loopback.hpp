#pragma once
#include <memory>
#include <vector>

#include "transport/endpoint.hpp"

namespace stemma {

/// Endpoints for the threads of one process: number i is for the thread that plays rank i. Each endpoint belongs to one
/// thread; together they may be used at the same time. Frames cost a lock and a move, snapshots one copy.
std::vector<std::unique_ptr<Endpoint>> make_loopback(int ranks);

}  // namespace stemma
