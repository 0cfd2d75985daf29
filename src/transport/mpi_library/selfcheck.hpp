#pragma once
// What `stemma selfcheck` measures over MPI: which rank is on which host, and how fast the links are.

#include <cstdint>
#include <string>
#include <vector>

namespace stemma {

struct SelfCheckSettings {
    int pairs_max = 16;      ///< links measured; the first ones join rank 0 to others, then neighbors
    double seconds_max = 6;  ///< no further link is begun after this
};

struct RankInfo {
    int rank = 0;
    std::string host;
    std::string facts;             ///< as given by that rank: cores, threads, GPU, free memory, ...
    double clock_offset = 0;       ///< seconds that its system clock is ahead of rank 0's
    double clock_uncertainty = 0;  ///< half of the round trip of the exchange that gave the offset [s]
};

struct Bandwidth {
    std::uint64_t bytes = 0;      ///< of one message
    double bytes_per_second = 0;  ///< one way
};

struct LinkInfo {
    int first = 0;
    int second = 0;
    bool same_host = false;
    double round_trip = 0;  ///< median of small messages there and back [s]
    std::vector<Bandwidth> bandwidth;
};

struct SelfCheck {
    std::vector<RankInfo> ranks;  ///< by rank
    std::vector<LinkInfo> links;
    int links_left_out = 0;  ///< because time was up
    double seconds = 0;
};

}  // namespace stemma
