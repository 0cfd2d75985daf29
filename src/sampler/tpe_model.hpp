#pragma once
// The two groups of trials that a TPE proposal is made from, and the two ways to make it. Used inside sampler/ only.

#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "core/rng.hpp"
#include "sampler/history.hpp"
#include "sampler/tpe.hpp"
#include "sampler/trial_orders.hpp"

namespace stemma {

struct TpeGroup {
    std::vector<const Trial*> trials;  ///< in order of member
    std::vector<double> weights;       ///< in [0, 1]: the time kernel
    /// For each parameter the trials that are active in it, ascending in its coordinate; numbers are those in `trials`.
    std::vector<std::vector<TrialPlace>> ascending = {};
};

struct TpeModel {
    const SearchSpace& space;
    const TpeSettings& settings;
    ConfigurationView parent;  ///< empty = from scratch
    TpeGroup good, bad;
};

/// The number of good trials among `finite` trials with a finite objective.
std::size_t good_count(std::size_t finite, const TpeSettings& settings);
/// Splits as in tpe.hpp, and weighs by the distance to `time`, if there is one. The groups point into `trials`, which
/// are in order of member. `orders` has been updated with them.
TpeModel make_tpe_model(const SearchSpace& space, const TpeSettings& settings, ConfigurationView parent,
                        std::span<const Trial> trials, std::optional<double> time, const TrialOrders& orders);

/// The same two groups for a constraint (History::feasibility): the good ran, the others failed. `time` as above. A
/// proposal that is no child has the time 0.
TpeModel make_tpe_constraint(const SearchSpace& space, const TpeSettings& settings, ConfigurationView parent,
                             std::span<const Trial> trials, std::optional<double> time, const TrialOrders& orders);
/// The share of the good among all trials of a model, by their weights; nothing without trials.
std::optional<double> good_share(const TpeModel& model);

/// Half the width of an average cell of a stepped domain; 0 for a continuous domain. The lower bound of kernel widths.
double narrowest_kernel(const Axis& axis);

/// The densities l and g of a model. Configurations that they give satisfy conditions, and have the parent's inherited
/// values. They may be forbidden.
class TpeDensities {
public:
    virtual ~TpeDensities() = default;
    /// For each parameter the best of the candidates, where parameters are independent. Nothing where they are not.
    virtual std::optional<Configuration> by_parameter(Stream& random) = 0;
    /// A draw from l.
    virtual Configuration draw(Stream& random) = 0;
    /// Logarithm of l / g, or what else is largest at the best of several points.
    virtual double score(const Configuration& configuration) = 0;
    /// The densities that draws come from by turns.
    virtual std::size_t parts() const { return 1; }
};

/// The candidate with the best score, the first of equals; none of none.
std::optional<Configuration> best_of(const std::vector<Configuration>& candidates, TpeDensities& densities);

/// `model` must outlive them. An estimator is built when it is first needed.
std::unique_ptr<TpeDensities> univariate_densities(const TpeModel& model);
std::unique_ptr<TpeDensities> multivariate_densities(const TpeModel& model);

/// One constraint's or the objective's part of a score: the logarithm of l / g, and the share of the good.
struct TpeConstraintPart {
    std::unique_ptr<TpeDensities> densities;
    double share = 1;         ///< in [0, 1]
    bool constraint = false;  ///< what its bad trials say: that they failed
};
/// -log(share + (1 - share) g / l): of Watanabe and Hutter's c-TPE. 0 for a constraint that all trials satisfy.
double constrained_term(double log_ratio, double share);
/// c-TPE (Watanabe, Hutter, "c-TPE: tree-structured Parzen estimator with inequality constraints for expensive
/// hyperparameter optimization", IJCAI 2023, eq. 7): the score is the sum of the parts' terms, and draws come from l of
/// each part by turns. At least one part.
///
/// Deviations: no objective is known of members that failed. They are left out of the objective's part, and are not
/// sorted in behind the others. By Bayes' rule a constraint holds with probability share * l / (share * l + (1 - share)
/// * g); candidates below least_feasibility come behind all others (feasibility.hpp).
std::unique_ptr<TpeDensities> constrained_densities(std::vector<TpeConstraintPart> parts);

}  // namespace stemma
