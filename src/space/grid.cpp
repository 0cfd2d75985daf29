#include "space/grid.hpp"

#include <algorithm>

#include "core/error.hpp"

namespace stemma {
namespace {

constexpr std::uint64_t largest_size = std::uint64_t{1} << 62U;
constexpr std::uint64_t most_listed = std::uint64_t{1} << 20U;

std::uint64_t clipped_product(std::uint64_t a, std::uint64_t b) {
    return b != 0 && a > largest_size / b ? largest_size : a * b;
}

bool thinned(const Parameter& parameter, const Axis& axis, std::uint32_t points) {
    if (axis.count() == 0) return true;
    const auto* integer = std::get_if<Integer>(&parameter.domain);
    return integer && !integer->step && axis.count() > points;
}

std::vector<Value> grid_values(const Parameter& parameter, const Axis& axis, std::uint32_t points) {
    std::vector<Value> values;
    if (thinned(parameter, axis, points)) {
        for (std::uint32_t i = 0; i < points; ++i) {
            const auto value = axis.from_unit(points == 1 ? 0.5 : static_cast<double>(i) / (points - 1));
            if (values.empty() || values.back() != value) values.push_back(value);
        }
        return values;
    }
    if (axis.count() > most_listed) {
        throw UserError("hyperparameter \"" + parameter.name + "\": a grid over " + std::to_string(axis.count()) +
                        " steps is too large; use a larger step, or another sampler");
    }
    for (std::uint64_t i = 0; i < axis.count(); ++i) values.push_back(axis.at(i));
    return values;
}

}  // namespace

Grid::Grid(const SearchSpace& space, std::uint32_t points) : space_(&space), strides_(space.size()) {
    if (points == 0) throw UserError("a grid needs at least one point for each parameter; points is 0");
    for (std::size_t i = 0; i < space.size(); ++i) values_.push_back(grid_values(space[i], space.axis(i), points));
    for (std::size_t i = space.size(); i-- > 0;) {
        strides_[i] = size_;
        size_ = clipped_product(size_, values_[i].size());
    }
}

Configuration Grid::at(std::uint64_t number) const {
    Configuration configuration(space_->size());
    for (std::size_t i = 0; i < configuration.size(); ++i) {
        if (space_->active(i, configuration)) configuration[i] = values_[i][number / strides_[i] % values_[i].size()];
    }
    return configuration;
}

std::uint64_t Grid::duplicates(std::uint64_t number, const Configuration& configuration) const {
    for (std::size_t i = 0; i < configuration.size(); ++i) {
        const auto digit = number / strides_[i] % values_[i].size();
        if (digit == 0 || !std::holds_alternative<Inactive>(configuration[i])) continue;
        // Only slower parameters decide whether this parameter is active. All its further values repeat the first one.
        const auto block = clipped_product(strides_[i], values_[i].size());
        return block - number % block;
    }
    return 0;
}

std::uint64_t Grid::count(std::uint64_t most) const {
    std::uint64_t points = 0;
    std::uint64_t looked_at = 0;
    for (std::uint64_t number = 0; number < size_ && looked_at < most; ++looked_at) {
        const auto configuration = at(number);
        const auto repeated = duplicates(number, configuration);
        points += repeated == 0 && space_->allowed(configuration) ? 1 : 0;
        number += std::max<std::uint64_t>(repeated, 1);
    }
    return points;
}

std::uint64_t Grid::next(std::uint64_t from) const {
    while (from < size_) {
        const auto configuration = at(from);
        const auto repeated = duplicates(from, configuration);
        if (repeated == 0 && space_->allowed(configuration)) return from;
        from += std::max<std::uint64_t>(repeated, 1);
    }
    return size_;
}

}  // namespace stemma
