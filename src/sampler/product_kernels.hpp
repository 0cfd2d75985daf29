#pragma once
// A group's density for multivariate TPE: product kernels over all parameters. Used inside sampler/ only.

#include <cstdint>
#include <span>
#include <vector>

#include "sampler/tpe_model.hpp"

namespace stemma {

/// A mixture. Component k is trial k of the group, with the group's weight. The last component is the prior, with
/// prior_weight. A component's density at a point is the product over the point's active parameters, in unit
/// coordinates. Where the trial has no value of its own, the factor is the prior's.
/// * Numbers: normals truncated to the unit cube, with widths from neighbor_deviations() for this parameter alone.
/// * Categoricals of c choices, with s = prior_weight / components: the trial's own choice has (1 + s) / (1 + c s), any
///   other s / (1 + c s); the prior 1 / c each.
class ProductKernels {
public:
    /// `model` and `group` (one of its two groups) must outlive it.
    ProductKernels(const TpeModel& model, const TpeGroup& group);

    /// Density of the active parameters that are not inherited, given the inherited ones. unit =
    /// SearchSpace::to_unit(point).
    double log_density(const Configuration& point, std::span<const double> unit);
    /// A draw whose conditions hold and whose inherited values are the parent's. It may be forbidden.
    Configuration draw(Stream& random) const;

private:
    /// The kernels of all components on one parameter.
    struct Column {
        // Numbers: for each component.
        std::vector<double> means, deviations, precisions;  ///< precision: 1 / (2 deviation^2)
        std::vector<double> log_factors;                    ///< of the truncated normal's density at its mean
        // Categoricals: the observed choice of each component, or `no_choice`.
        std::vector<std::uint32_t> choices;
        double same = 0, other = 0,
               flat = 0;  ///< logarithms of the probability of that choice, of another; without any
    };
    static constexpr std::uint32_t no_choice = ~std::uint32_t{0};

    bool is_categorical(std::size_t i) const;
    void make_numbers(std::size_t i);
    void make_choices(std::size_t i);
    double smoothing() const;
    void add(std::size_t i, const Value& value, double unit);
    Value draw_value(std::size_t k, std::size_t i, Stream& random) const;
    double log_sum() const;

    const TpeModel& model_;
    const TpeGroup& group_;
    std::vector<Column> columns_;
    std::vector<double> log_weights_;  ///< of each component, given what is inherited
    std::vector<double> shares_;       ///< exp() of it; the sum is 1
    std::vector<double> terms_;        ///< scratch
};

}  // namespace stemma
