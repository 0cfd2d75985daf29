#pragma once
// The configuration with the best value of an acquisition function.

#include <optional>
#include <vector>

#include "core/rng.hpp"
#include "sampler/gp/acquisition.hpp"
#include "sampler/gp/encoding.hpp"
#include "sampler/gp/inheritance.hpp"
#include "sampler/gp/posterior.hpp"
#include "sampler/tried.hpp"

namespace stemma::gp {

/// The model of one constraint, with labels that are below 0 where it holds.
struct Feasibility {
    Posterior posterior;  ///< of labels less `offset`
    double offset = 0;    ///< their mean: far from all data as many fail as so far
    Time treatment = Time::none;
    double time = 0, horizon = 1;  ///< of the proposal: see Encoding::write
};

struct SearchProblem {
    const Encoding& encoding;
    const Inheritance& inheritance;
    std::vector<Candidate> known;  ///< the data, pending points included; none without a model of the objective
    Time treatment = Time::none;
    double time = 0, horizon = 1;  ///< of the proposal: see Encoding::write
    Tried* tried = nullptr;        ///< skipped like `known`; null: none
    std::vector<Feasibility> constraints = {};
};

/// Random candidates and perturbations of the three known points of lowest mean are scored. The best few are refined by
/// L-BFGS in their real coordinates without steps. The best of all, rounded to what the space can express, is the
/// answer. Configurations known already (at the same time) are skipped while there are others. So are `tried` ones.
/// Improvements count from the incumbent: the lowest posterior mean at a known configuration and the proposal's time,
/// less the margin. With noise or a drifting objective the lowest observation is no good incumbent.
///
/// `ensemble` (after HEBO, which draws from the Pareto front of the same three): log-EI, log-PI and LCB are each
/// refined. All candidates are ranked by each, and the lowest sum of ranks wins.
///
/// With constraints the logarithm of the probability that all of them hold is added to each function, whose value is
/// then a logarithm (log_score): expected improvement times probability of feasibility (Gardner et al., "Bayesian
/// optimization with inequality constraints", ICML 2014). Candidates that are less probable than
/// `least_feasibility` come behind all others, the most probable first (feasibility.hpp). A constraint holds where the
/// label, noise included, is below 0. Without `posterior`, nothing has a value yet: the probability alone counts, and
/// there is at least one constraint.
///
/// Deterministic in `random`. Cost: about (candidates * n^2 + 3 * refined * refinement_evaluations * 2 n^2) flops for
/// each model. Nothing if every candidate is forbidden.
std::optional<Configuration> best_candidate(const SearchProblem& problem, const Posterior* posterior,
                                            const GpSearchSettings& settings, Stream random);

}  // namespace stemma::gp
