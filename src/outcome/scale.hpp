#pragma once
#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <span>

#include "outcome/outcome.hpp"

namespace stemma {

/// Maps each objective to [0, 1] over a set of finite points, so that decisions do not depend on units. An objective
/// that is the same everywhere maps to 0. Only +, - , / and *, so that each machine gets the same bits.
class UnitScale {
public:
    /// At least one point.
    explicit UnitScale(std::span<const Objectives> points) : low_(points[0].values), high_(points[0].values) {
        for (const auto& point : points) {
            for (std::size_t d = 0; d < most_objectives; ++d) {
                low_[d] = std::min(low_[d], point[d]);
                high_[d] = std::max(high_[d], point[d]);
            }
        }
    }

    std::array<double, most_objectives> of(const Objectives& point) const {
        std::array<double, most_objectives> scaled{};
        for (std::size_t d = 0; d < most_objectives; ++d) {
            if (high_[d] == low_[d]) continue;
            const double range = high_[d] - low_[d];
            // A range beyond the largest double: halves of the values have one.
            scaled[d] = std::isfinite(range) ? (point[d] - low_[d]) / range
                                             : (point[d] / 2 - low_[d] / 2) / (high_[d] / 2 - low_[d] / 2);
        }
        return scaled;
    }
    double low(std::size_t d) const { return low_[d]; }
    double high(std::size_t d) const { return high_[d]; }

private:
    std::array<double, most_objectives> low_;
    std::array<double, most_objectives> high_;
};

}  // namespace stemma
