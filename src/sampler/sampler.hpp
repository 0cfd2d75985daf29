#pragma once
// Samplers propose configurations: the "search algorithm" or "oracle" of the papers.

#include <optional>
#include <span>
#include <string>

#include "core/ids.hpp"
#include "space/search_space.hpp"

namespace stemma {

/// What a proposal may depend on. Everything else the sampler learnt through observe().
struct ProposalRequest {
    MemberId member;          ///< the member that will be born with it; keys the random stream
    std::uint64_t index = 0;  ///< number of proposals made before this one in this run
    MemberId parent = {};     ///< the lineage to condition on; none = from scratch
};

/// A finished measurement of a member, as samplers see it. Held-out metrics never get here.
struct Observation {
    MemberId member;
    Resource resource = 0;
    double objective = 0;  ///< minimised; +infinity for non-finite metrics and failed members
};

/// Contract (tests/contract/sampler/sampler_suite.hpp): deterministic in (seed, the sequence of calls); proposals
/// satisfy conditions and forbidden clauses; propose() never blocks.
class Sampler {
public:
    virtual ~Sampler() = default;
    /// Nothing when the sampler is exhausted (grid) and will stay so.
    virtual std::optional<Configuration> propose(const ProposalRequest& request) = 0;
    /// `configuration` was given to `request.member` (pending until observed or failed).
    virtual void pending(MemberId, ConfigurationView) {}
    virtual void observe(const Observation&) {}
    virtual std::string describe() const = 0;
};

}  // namespace stemma
