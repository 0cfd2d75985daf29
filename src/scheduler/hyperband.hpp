#pragma once
// Hyperband (Li et al., JMLR 18, 2018, Algorithm 1): brackets of synchronous halving that trade members for resource.

#include <cstdint>
#include <memory>

#include "scheduler/descriptor.hpp"

namespace stemma {

struct HyperbandSettings {
    Resource min = 1;      ///< r: resource of the first rung of the most exploring bracket
    Resource max = 1;      ///< R
    std::int64_t eta = 3;  ///< >= 2
    int brackets = 0;      ///< 0 = all s_max + 1 with s_max = floor(log_eta(R / r)), else the number of first brackets
    bool repeat = true;    ///< after the last bracket begin again with the first, until the budget ends the search
};

/// Bracket s, in the paper's numbering from s_max down to 0, has n_s = ceil((s_max + 1) / (s + 1) * eta^s) members. It
/// begins at the paper's r_s = R * eta^-s, rounded down (not below min). The top rung of each bracket is R, and at
/// least one member is trained to it. Tables number brackets in the order in which they run: 0 is s_max. Free workers
/// begin the next bracket when the open brackets have nothing to hand out. The oldest bracket is served first. Dropped
/// members, extension and cost as in sha.hpp. Throws UserError.
std::unique_ptr<Scheduler> make_hyperband(const HyperbandSettings& settings, std::size_t objectives = 1);

/// Number of different brackets.
int hyperband_brackets(const HyperbandSettings& settings);
/// n of bracket `first` (0 = most exploring), as above.
std::uint64_t hyperband_members(const HyperbandSettings& settings, int first);

std::vector<RungRow> expected_rungs(const HyperbandSettings& settings, std::uint64_t members);

SchedulerDescriptor hyperband_descriptor();

}  // namespace stemma
