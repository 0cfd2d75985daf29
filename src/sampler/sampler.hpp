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

class Tried;

/// What a proposal may depend on. The sampler learns all else through born(), observe() and given_up().
struct ProposalRequest {
    MemberId member;          ///< the member that will be born with the proposal; keys the random stream
    std::uint64_t index = 0;  ///< number of proposals made before this one in this run
    MemberId parent = {};     ///< its weights are the member's start, its lineage is the condition; none = from scratch
    MemberId donor = {};      ///< its hyperparameters are the start of a perturbation; none = the parent's
    /// Configurations that are not to be proposed, if others can be (distinct.hpp). Null: all may be.
    Tried* tried = nullptr;
};

/// A member was born: its evaluation is pending until it is observed or given up.
struct Birth {
    MemberId member;
    MemberId parent = {};             ///< its weights are the member's start; none = from scratch
    Resource from = 0;                ///< the parent's resource at birth; 0 from scratch
    ConfigurationView configuration;  ///< valid during the call
    /// It is its parent trained on with the same configuration: one trial, of which the parent has an earlier value.
    bool same_trial = false;
};

/// What is wrong with a configuration that cannot be trained. Each kind is a constraint of its own to a model. An
/// exception, a time-out or a lost worker says nothing of the configuration, and is none of them.
enum class Infeasibility : std::uint8_t {
    none,
    nonfinite,      ///< loss or metric was not finite
    out_of_memory,  ///< it does not fit the device
    refused,        ///< the trainer says that it is infeasible
};
inline constexpr Infeasibility infeasibilities[] = {Infeasibility::nonfinite, Infeasibility::out_of_memory,
                                                    Infeasibility::refused};

/// A finished measurement of a member, as samplers see it. Held-out metrics never get here.
struct Observation {
    MemberId member;
    Resource resource = 0;  ///< of a failure: to which it was to be trained
    /// Minimized; +infinity for failures, and for members that have not learned.
    double objective = 0;
    /// Of the training that ended with it, as its worker measured it; none: not known.
    std::optional<double> seconds = {};
    Infeasibility failure = Infeasibility::none;  ///< it ends the member
};

/// A model's fit that the search does not wait for. It owns its data: run() may be called on any thread, also when the
/// sampler is gone.
class ModelFit {
public:
    virtual ~ModelFit() = default;
    /// The numbers that describe the fitted model; empty if the fit failed. The same on each call.
    virtual std::vector<double> run() const = 0;
};

struct WantedFit {
    std::uint64_t number = 0;  ///< in the order in which fits were wanted in this run
    std::shared_ptr<const ModelFit> fit;
    /// Not the model matters but the time that run() takes. The outcome is one number: seconds.
    bool timed = false;
};

/// The model that a proposal is based on.
enum class ProposalBasis : std::uint8_t {
    current,     ///< all data that the sampler means to use
    last_model,  ///< a newer fit had been wanted before, and has not come yet
    no_model,    ///< a newer fit has not come yet, and there is no older one: a random draw
    redrawn,     ///< the model proposed a configuration that was tried: a random draw among the others
    drawn,       ///< none: the sampler means to draw
};

/// Contract (tests/contract/sampler/sampler_suite.hpp): deterministic in (seed, the sequence of calls); proposals
/// satisfy conditions and forbidden clauses; propose() never blocks.
class Sampler {
public:
    virtual ~Sampler() = default;
    /// Nothing when the sampler is exhausted (grid). It then stays so.
    virtual std::optional<Configuration> propose(const ProposalRequest& request) = 0;
    /// Called for every member of the run, in order of birth, also for configurations that the sampler did not propose.
    virtual void born(const Birth&) {}
    virtual void observe(const Observation&) {}
    /// The member will not be observed any more: it failed for good or was stopped.
    virtual void given_up(MemberId) {}
    /// Fits that the sampler wants, without blocking. The owner of the search may run them at any time, and hands the
    /// outcome to fitted(). Ascending by number. Valid until the next call that is not const.
    virtual std::span<const WantedFit> wanted_fits() const { return {}; }
    /// The outcome of a wanted fit. An outcome that is no longer wanted is ignored.
    virtual void fitted(std::uint64_t /*number*/, std::span<const double> /*model*/) {}
    /// The basis of the last proposal.
    virtual ProposalBasis basis() const { return ProposalBasis::current; }
    /// Why there was no proposal: the number of configurations of the space, all of which have been tried. Nothing: for
    /// another reason, or there was one.
    virtual std::optional<std::uint64_t> used_up() const { return std::nullopt; }
    /// For a sampler that chooses another one for the run: the number of the choice (automatic/rule.hpp), once made.
    virtual std::optional<std::uint8_t> chosen() const { return std::nullopt; }
    virtual std::string describe() const = 0;
};

}  // namespace stemma
