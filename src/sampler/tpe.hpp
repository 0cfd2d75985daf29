#pragma once
// Tree-structured Parzen Estimator (Bergstra, Bardenet, Bengio, Kegl, "Algorithms for hyper-parameter optimization",
// NIPS 2011). An option has kernels over all parameters at once, as BOHB has them (Falkner, Klein, Hutter, ICML 2018).
// Their bandwidths are the one-dimensional ones of parzen.hpp for each parameter.

#include <cstdint>
#include <memory>

#include "sampler/descriptor.hpp"

namespace stemma {

struct TpeSettings {
    enum class Good : std::uint8_t {
        linear,       ///< ceil(gamma * n) of n observed trials
        square_root,  ///< ceil(gamma * sqrt(n)), as hyperopt
    };

    /// Observed trials before there is a model. Until then: random points. At most `cap`.
    std::size_t startup = 10;
    /// Count pending trials towards startup, too, once one has been observed. Otherwise a large worker pool would turn
    /// founders that the model should propose into random draws.
    bool count_pending = false;
    Good good = Good::linear;
    double gamma = 0.1;             ///< in (0, 1]: how many trials make up l(x); see Good
    std::size_t max_good = 25;      ///< largest number of these
    std::uint32_t candidates = 24;  ///< drawn from l(x) for each parameter (multivariate: for the whole point)
    double prior_weight = 1;        ///< > 0; an observation's is 1
    bool multivariate = false;
    /// What the time of a trial (History::time_of_child) means to a proposal for a child.
    enum class Time : std::uint8_t {
        none,      ///< nothing
        kernel,    ///< trials weigh by their nearness in time; the objective alone decides which are good
        relative,  ///< like kernel, but a trial's objective counts by its rank among the trials of the same time
    };
    Time time = Time::relative;
    /// Width of the time kernel as a share of the proposal's time, but at least one training.
    double time_width = 0.5;
    bool look_below = true;  ///< into the small values of wide linear ranges (space/wide.hpp)
    std::size_t cap = 1000;  ///< >= 2: observed trials looked at, see History::trials
    /// See HistorySettings; but at least `startup`, so that a higher resource with few trials does not end the model.
    std::size_t min_trials = 0;

    /// hyperopt's split with a model after one random point, as in GPBT's experiments (arXiv 2109.14925).
    static TpeSettings published_gpbt() {
        TpeSettings settings;
        settings.startup = 1;
        settings.good = Good::square_root;
        settings.gamma = 0.25;
        settings.time = Time::kernel;
        settings.look_below = false;
        return settings;
    }
    /// The best settings on lineages in tests/bench/sampler/lineages.cpp.
    static TpeSettings lineages() {
        auto settings = published_gpbt();
        settings.count_pending = true;
        settings.gamma = 0.5;
        settings.multivariate = true;
        settings.time = Time::relative;
        settings.look_below = true;
        return settings;
    }
};

/// The trials of History::trials are split into two groups. The good are the best by (objective, member). The others
/// include the diverged and the pending trials (a "constant liar" that says: as bad as the worst). Each group gives a
/// density: l(x) of the good, g(x) of the others. Of `candidates` draws from l, the one with the largest l(x) / g(x) is
/// proposed. It has the largest expected improvement (section 4 of the paper).
///
/// * Numbers and ordinals: normals truncated to the unit cube (parzen.hpp), values with steps at their cell's center.
///   Categoricals: weighted counts.
/// * Conditions: the parameters are walked in order. An inactive parameter is skipped. An active parameter's estimator
///   knows only the trials where it is active (multivariate: other trials have the prior's kernel there).
/// * With a parent, time is one more column of both densities, and is conditioned on. An observation's weight is
///   exp(-((t - t_i) / width)^2 / 2). Later trials tend to be better whatever their hyperparameters, because they build
///   on trained weights. `relative` (ours, not in the paper) therefore orders trials by (rank among those of the same
///   time) / (their number + 1), nearer times first where equal. Inherited values (inheritance.hpp) are the parent's.
///   The multivariate model conditions on them too.
/// * A forbidden point is drawn again (20 times), then drawn at random.
///
/// Draws come from Stream(seed, Purpose::configuration, request.member, attempt). A proposal costs O(parameters * (n
/// log n + candidates * n)), n <= cap plus the pending trials (tests/bench/sampler). Throws UserError when a setting is
/// out of its range.
std::unique_ptr<Sampler> make_tpe_sampler(const std::shared_ptr<const SearchSpace>& space, std::uint64_t seed,
                                          const TpeSettings& settings);

SamplerDescriptor tpe_sampler_descriptor();

}  // namespace stemma
