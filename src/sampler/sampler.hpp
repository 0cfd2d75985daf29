#pragma once
// Samplers propose configurations: the "search algorithm" or "oracle" of the papers.

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "core/ids.hpp"
#include "space/search_space.hpp"

namespace stemma {

/// What a proposal may depend on. Everything else the sampler learnt through born(), observe() and given_up().
struct ProposalRequest {
    MemberId member;          ///< the member that will be born with it; keys the random stream
    std::uint64_t index = 0;  ///< number of proposals made before this one in this run
    MemberId parent = {};  ///< whose weights the member starts from: the lineage to condition on; none = from scratch
    MemberId donor = {};   ///< whose hyperparameters a perturbation starts from; none = the parent's
};

/// A member was born: its evaluation is pending until it is observed or given up.
struct Birth {
    MemberId member;
    MemberId parent = {};             ///< whose weights it starts from; none = from scratch
    Resource from = 0;                ///< the parent's resource at birth; 0 from scratch
    ConfigurationView configuration;  ///< valid during the call
};

/// A finished measurement of a member, as samplers see it. Held-out metrics never get here.
struct Observation {
    MemberId member;
    Resource resource = 0;
    double objective = 0;  ///< minimised; +infinity for non-finite metrics and failed members
};

/// A model's fit that nobody should wait for. It owns its data: run() may be called on any thread, and when the sampler
/// is gone.
class ModelFit {
public:
    virtual ~ModelFit() = default;
    /// The numbers that describe the fitted model; none if it could not be fitted. The same on each call.
    virtual std::vector<double> run() const = 0;
};

struct WantedFit {
    std::uint64_t number = 0;  ///< in the order in which fits were wanted in this run
    std::shared_ptr<const ModelFit> fit;
};

/// What a proposal rests on.
enum class ProposalBasis : std::uint8_t {
    current,     ///< all that the sampler means to use
    last_model,  ///< the fit of a newer model had been wanted before, and has not come yet
    no_model,    ///< likewise, and there is no older one either: a random draw
};

/// Contract (tests/contract/sampler/sampler_suite.hpp): deterministic in (seed, the sequence of calls); proposals
/// satisfy conditions and forbidden clauses; propose() never blocks.
class Sampler {
public:
    virtual ~Sampler() = default;
    /// Nothing when the sampler is exhausted (grid) and will stay so.
    virtual std::optional<Configuration> propose(const ProposalRequest& request) = 0;
    /// Every member of the run, in order of birth, those whose configuration the sampler did not propose included.
    virtual void born(const Birth&) {}
    virtual void observe(const Observation&) {}
    /// The member will not be observed any more: it failed for good or was stopped.
    virtual void given_up(MemberId) {}
    /// Fits that the sampler waits for without blocking: whoever runs the search may run them at leisure and hand the
    /// outcome to fitted(). Ascending by number; valid until the next call that is not const.
    virtual std::span<const WantedFit> wanted_fits() const { return {}; }
    /// The outcome of a wanted fit. One that is not wanted (any more) is ignored.
    virtual void fitted(std::uint64_t /*number*/, std::span<const double> /*model*/) {}
    /// Of the last proposal.
    virtual ProposalBasis basis() const { return ProposalBasis::current; }
    virtual std::string describe() const = 0;
};

}  // namespace stemma
