#pragma once
// Configurations as points of the model.

#include <memory>
#include <span>
#include <vector>

#include "sampler/gp/kernel.hpp"
#include "sampler/gp/settings.hpp"
#include "space/search_space.hpp"

namespace stemma::gp {

using Time = GpTime;

/// Numbers and levels (real, integer, ordinal) are continuous coordinates at the center of their cell of the unit cube.
/// Categorical parameters are compared for equality. Constants are left out. An inactive number lies at 0.5, and an
/// inactive category is a level of its own. So two configurations that both lack a parameter do not differ in it. Where
/// only one lacks it, the parameter of its condition tells them apart. Each part is a function of the configuration
/// alone, so the covariance stays positive definite.
class Encoding {
public:
    explicit Encoding(std::shared_ptr<const SearchSpace> space);

    /// False: a constant, which is left out.
    static bool has(const Axis& axis) { return !axis.constant() && axis.count() != 1; }

    /// `warp`: every continuous coordinate but time. `time` counts only if there is one: see `write`.
    Shape shape(bool warp, Time time) const;
    static Inputs rows(const Shape& shape, Eigen::Index count);
    /// Fills one row. `unit` is space.to_unit(configuration). `time` is in units of `horizon` as a coordinate, in
    /// trainings for decay.
    void write(Inputs& inputs, Eigen::Index row, ConfigurationView configuration, std::span<const double> unit,
               Time treatment, double time, double horizon) const;

    const SearchSpace& space() const { return *space_; }
    /// Parameters that are continuous coordinates, in order.
    const std::vector<std::size_t>& numbers() const { return numbers_; }
    const std::vector<std::size_t>& categories() const { return categories_; }

private:
    std::shared_ptr<const SearchSpace> space_;
    std::vector<std::size_t> numbers_, categories_;
};

}  // namespace stemma::gp
