#pragma once
#include <cstdint>
#include <memory>

#include "sampler/descriptor.hpp"
#include "sampler/gp/settings.hpp"

namespace stemma {

/// What became of the proposals so far. `proposals` is the sum of the next four.
struct GpStatistics {
    std::uint64_t proposals = 0;
    std::uint64_t modeled = 0;  ///< by a model of the present data
    std::uint64_t stale = 0;    ///< by a model whose new fit failed: hyperparameters of an earlier fit
    std::uint64_t startup = 0;  ///< random: too few observations
    std::uint64_t failed = 0;   ///< random: no model could be built, or the search found nothing allowed
    std::uint64_t late = 0;     ///< of all proposals: a fit had been wanted elsewhere and had not come
    std::uint64_t fits = 0;
    std::uint64_t likelihoods = 0;  ///< evaluated in these fits
};

class GpSampler : public Sampler {
public:
    virtual const GpStatistics& statistics() const = 0;
};

/// GpSettings::startup where it is 0: the number of parameters with several values, plus 1.
std::uint32_t default_gp_startup(const SearchSpace& space);

/// Bayesian optimization with a Gaussian process: Matern 5/2 with a length for each parameter, learned warps of inputs
/// and outputs (HEBO: Cowen-Rivers et al., JAIR 74, 2022). Hyperparameters are fitted by maximum a posteriori. The
/// acquisition is log-EI, LCB or an ensemble. With a parent in the request, only the trials of its lineage count, and
/// only what a child may change is proposed (GPBT). With `time = decay` and `objective = improvement` it is PB2's
/// (Parker-Holder et al., NeurIPS 2020). The parts are in kernel.hpp, posterior.hpp, fit.hpp, encoding.hpp and
/// search.hpp.
///
/// A diverged trial counts as a quarter of the observed range worse than the worst. If a likelihood cannot be
/// evaluated, the hyperparameters of the last fit are used, else the proposal is random; statistics() counts both.
/// Draws: Stream(seed, Purpose::configuration, member, k) with k < 10,000 for random proposals, k = 2^24 for the
/// search.
///
/// Cost of a proposal: bounded by (fits) warm_evaluations * n^3 + candidates * n^2 with n <= settings.data plus the
/// pending trials; 5 dimensions: see tests/bench/sampler_gp. Throws UserError on settings out of range.
std::unique_ptr<GpSampler> make_gp_sampler(const std::shared_ptr<const SearchSpace>& space, std::uint64_t seed,
                                           GpSettings settings = {});

SamplerDescriptor gp_sampler_descriptor();

}  // namespace stemma
