#pragma once
#include <cstdint>
#include <memory>

#include "sampler/automatic/rule.hpp"
#include "sampler/sampler.hpp"

namespace stemma {

/// A proposal like those that the chosen sampler will make in this space, to be timed. It has as many made-up trials as
/// the search will have. Where that is not known, it has as many as the sampler looks at most. The Gaussian process
/// gets 30, the most for which a proposal waits for a fit. That fit has as many likelihoods as one in the middle of a
/// search. run() gives nothing.
std::shared_ptr<const ModelFit> trial_proposal(AutomaticChoice choice, std::shared_ptr<const SearchSpace> space,
                                               std::uint64_t configurations);

}  // namespace stemma
