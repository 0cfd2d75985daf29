#pragma once
// Which ranks share a host: what each says of itself goes to all of them once, before the search.

#include <string>
#include <string_view>
#include <vector>

#include "platform/gpus.hpp"

namespace stemma {

/// What a rank tells the others.
struct RankFacts {
    std::string host;
    std::string cores = {};  ///< core_set() of platform/machine.hpp
    GpuList gpus = {};       ///< that it sees; on the other side only their UUIDs and indices are known
};
/// One line of text; no name in it has tabs.
std::string to_text(const RankFacts& facts);
RankFacts facts_of(std::string_view text);

struct WorkerSeat {
    int index = 0;  ///< among the workers of its host, from 0; not the launcher's local rank, for rank 0 is none
    std::vector<GpuList> gpus;  ///< that the workers of its host see, in order of rank
    int sharing = 1;            ///< workers of its host, itself included, that run on the same cores
    int workers() const { return static_cast<int>(gpus.size()); }
};
/// The seat of rank `rank` >= 1 among all ranks (0 manages and sits nowhere). Pure.
WorkerSeat seat_of(int rank, const std::vector<RankFacts>& ranks);

}  // namespace stemma
