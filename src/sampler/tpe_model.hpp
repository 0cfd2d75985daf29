#pragma once
// The two groups of trials that a TPE proposal is made from, and the two ways to make it. Used inside sampler/ only.

#include <span>
#include <vector>

#include "core/rng.hpp"
#include "sampler/history.hpp"
#include "sampler/tpe.hpp"

namespace stemma {

struct TpeGroup {
    std::vector<const Trial*> trials;
    std::vector<double> weights;  ///< in [0, 1]: the time kernel
};

struct TpeModel {
    const SearchSpace& space;
    const TpeSettings& settings;
    ConfigurationView parent;  ///< empty = from scratch
    TpeGroup good, bad;
};

/// The number of good trials among `finite` trials with a finite objective.
std::size_t good_count(std::size_t finite, const TpeSettings& settings);
/// Splits as in tpe.hpp, and weighs by the distance to `time`, if there is one. The groups point into `trials`.
TpeModel make_tpe_model(const SearchSpace& space, const TpeSettings& settings, ConfigurationView parent,
                        std::span<const Trial> trials, std::optional<double> time);

/// Half the width of an average cell of a stepped domain; 0 for a continuous domain. The lower bound of kernel widths.
double narrowest_kernel(const Axis& axis);

/// A configuration whose conditions hold and whose inherited values are the parent's. It may be forbidden.
Configuration propose_univariate(const TpeModel& model, Stream& random);
/// The same by the multivariate model. It is forbidden only if all candidates are.
Configuration propose_multivariate(const TpeModel& model, Stream& random);

}  // namespace stemma
