#pragma once
// Which ranks share a host. Each rank sends its facts to all ranks once, before the search.

#include <string>
#include <string_view>
#include <vector>

#include "platform/gpus.hpp"

namespace stemma {

/// What a rank tells the other ranks.
struct RankFacts {
    std::string host;
    std::string cores = {};  ///< core_set() of platform/machine.hpp
    GpuList gpus = {};       ///< the GPUs that the rank sees; other ranks get only UUIDs and indices
};
/// One line of text. No name in it has tabs.
std::string to_text(const RankFacts& facts);
RankFacts facts_of(std::string_view text);

struct WorkerSlot {
    int index = 0;  ///< among the workers of its host, from 0; not the launcher's local rank: rank 0 is no worker
    std::vector<GpuList> gpus;  ///< what each worker of the host sees, in order of rank
    int sharing = 1;            ///< workers of its host, itself included, that run on the same cores
    int workers() const { return static_cast<int>(gpus.size()); }
};
/// The slot of rank `rank` >= 1 among all ranks. Rank 0 is the manager and has no slot. Pure.
WorkerSlot slot_of(int rank, const std::vector<RankFacts>& ranks);

}  // namespace stemma
