#pragma once
// Proposals are recorded. Replay takes the configuration of each birth from the record, and compares the sampler's
// present proposal with it. So every decision is exact on any machine, although a sampler's arithmetic may differ in
// its last bits from one CPU or build to another.

#include <cstdint>
#include <optional>
#include <span>

#include "manager/effect.hpp"
#include "space/search_space.hpp"

namespace stemma {

/// Proposals further apart than this are different. Relative to the larger value, or to the parameter's range on its
/// scale (for values near 0).
inline constexpr double proposal_tolerance = 1e-6;

struct ProposalDifference {
    MemberId member;
    Configuration recorded;
    std::optional<Configuration> recomputed;  ///< none: the sampler says that it is exhausted
};

/// Comparison of recomputed proposals with the recorded ones. `near`: they differ by less than proposal_tolerance.
struct ProposalCheck {
    std::uint64_t equal = 0;
    std::uint64_t near = 0;
    std::uint64_t different = 0;
    std::optional<ProposalDifference> first_near;
    std::optional<ProposalDifference> first_different;
};

/// Counts one proposal. O(parameters).
void compare_proposal(const SearchSpace& space, MemberId member, ConfigurationView recorded,
                      const std::optional<Configuration>& recomputed, ProposalCheck& check);

/// The recorded answer to the input being replayed, and the counts of its proposals.
struct RecordedAnswer {
    std::span<const Effect> effects;
    ProposalCheck* check = nullptr;

    /// O(effects of one input).
    const Configuration* configuration_of(MemberId member) const;
};

}  // namespace stemma
