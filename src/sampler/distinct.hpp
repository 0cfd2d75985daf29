#pragma once
#include <cstdint>
#include <memory>

#include "sampler/sampler.hpp"

namespace stemma {

struct DistinctSettings {
    /// Once all configurations have been tried, they are proposed anew, each once (a population goes on with other
    /// weights). Without: the sampler is then exhausted.
    bool rounds = false;
};

/// What `base` proposes, but for members from scratch no configuration twice (tried.hpp says which are the same).
/// Every member from scratch counts: trained, in training, failed, or given by the user. `base` gets the configurations
/// tried in its requests, and should propose its best other candidate. A proposal that was tried nevertheless is
/// replaced by a random draw among the others. ProposalBasis::redrawn says so where a model proposed. Exhaustion is
/// proved by counting (tried.hpp). Where that costs too much and no draw is new, the proposal is repeated. Proposals
/// for children are the base's.
std::unique_ptr<Sampler> make_distinct_sampler(const std::shared_ptr<const SearchSpace>& space, std::uint64_t seed,
                                               std::unique_ptr<Sampler> base, DistinctSettings settings = {});

}  // namespace stemma
