#pragma once
// The user's settings of the Gaussian-process sampler.

#include <cstddef>
#include <cstdint>

namespace stemma {

/// The value of a point, given the model. `ensemble`: see sampler/gp/search.hpp.
enum class GpAcquisition : std::uint8_t { log_ei, log_pi, lcb, ensemble };

/// What the time of a trial means to the model.
enum class GpTime : std::uint8_t {
    none,       ///< ignored
    dimension,  ///< one more continuous coordinate with a length of its own, not warped (GPBT)
    decay,      ///< a factor (1 - eps)^(|t - t'| / 2) of the covariance (PB2)
};

/// The value that a trial still in training has for the model. Measured on Branin with 8 trainings in parallel (48
/// evaluations, 40 seeds): the believer's median regret is 0.0025, the liar's 0.15. The liar's proposals lie further
/// apart.
enum class GpPending : std::uint8_t {
    believer,  ///< the posterior mean: leaves the mean unchanged, removes the uncertainty
    liar,      ///< the worst observed value: pushes proposals away
};

/// What is modeled.
enum class GpObjective : std::uint8_t {
    value,        ///< the objective of a trial
    improvement,  ///< the change of the objective from one report to the next (PB2)
};

/// How the best point is searched.
struct GpSearchSettings {
    GpAcquisition acquisition = GpAcquisition::ensemble;
    double kappa = 2;  ///< lcb: standard deviations; >= 0
    /// An improvement counts from so many standard deviations of the objectives below the best mean; >= 0. With 0 the
    /// search can polish one local minimum for ever: on Branin 5 to 15 % of runs end so, with 0.01 none.
    double margin = 0.01;
    int random_candidates = 250;      ///< uniform over what is free; >= 1
    int local_candidates = 150;       ///< around the best points so far; >= 0
    int refined = 3;                  ///< candidates refined by L-BFGS, for each acquisition function; >= 0
    int refinement_evaluations = 20;  ///< for each of these; >= 1
};

struct GpSettings {
    /// Observed trials of a lineage (or of the run) before the model proposes; until then draws are random. 0: the
    /// number of parameters plus one. GPBT's authors use 1.
    std::size_t startup = 0;
    bool count_pending = false;  ///< as TpeSettings::count_pending
    std::size_t data = 100;  ///< trials that the model sees at most: recent and best; >= 2. Cost grows with its cube
    GpTime time = GpTime::dimension;
    GpPending pending = GpPending::believer;
    GpObjective objective = GpObjective::value;
    bool warp_inputs = true;   ///< Kumaraswamy, learned for each number
    bool warp_outputs = true;  ///< Yeo-Johnson
    bool look_below = true;    ///< into the small values of wide linear ranges (space/wide.hpp)
    /// Hyperparameters are fitted anew at each new observation up to `refit_always` trials, then after every
    /// `refit_every` new ones; >= 1. In between, new data enter with the old hyperparameters.
    std::size_t refit_always = 30;
    std::size_t refit_every = 5;
    /// Fits of more than `refit_always` trials take longest. With true, they are left to the owner of the search
    /// (Sampler::wanted_fits), and proposals do not wait for them. Until a fit has come, proposals rest on the last
    /// model, or are random if there is none. With false, each fit is made within the proposal that needs it.
    bool fit_elsewhere = false;
    /// Likelihoods for each of 3 starts, for the first fit; >= 1. With more than `refit_always` trials at once: one
    /// start and 2 * warm_evaluations.
    int cold_evaluations = 50;
    int warm_evaluations = 15;  ///< likelihoods from the last optimum on; >= 1
    GpSearchSettings search = {};
};

}  // namespace stemma
