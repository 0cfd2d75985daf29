#pragma once
// A group's density for multivariate TPE: product kernels over all parameters. Inside sampler/ only.

#include <cstdint>
#include <span>
#include <vector>

#include "sampler/tpe_model.hpp"

namespace stemma {

/// A mixture: component k is trial k of the group, with the group's weight, and the last one the prior, with
/// prior_weight. A component's density at a point is the product over the point's active parameters, in unit
/// coordinates; where the trial has no value of its own, it is the prior's.
///
/// * Numbers: normals truncated to the unit cube, as wide as neighbour_deviations() says for this parameter alone.
/// * Categoricals of c choices, with s = prior_weight / components: the trial's own choice has (1 + s) / (1 + c s), any
///   other s / (1 + c s); the prior 1 / c each.
class ProductKernels {
public:
    /// `model` and `group` (one of its two) outlive it.
    ProductKernels(const TpeModel& model, const TpeGroup& group);

    /// Of the active parameters that are not inherited, given those that are. unit = SearchSpace::to_unit(point).
    double log_density(const Configuration& point, std::span<const double> unit);
    /// Conditions hold, inherited values are the parent's; may be forbidden.
    Configuration draw(Stream& random) const;

private:
    /// All components' kernels on one parameter.
    struct Column {
        // Numbers: of each component.
        std::vector<double> means, deviations, precisions;  ///< precision: 1 / (2 deviation^2)
        std::vector<double> log_factors;                    ///< of the truncated normal's density at its mean
        // Categoricals: of each component the choice observed, or `no_choice`.
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
