#pragma once
// Points of the tests, and random ones.

#include <cmath>
#include <cstdint>
#include <initializer_list>
#include <limits>
#include <vector>

#include "core/rng.hpp"
#include "outcome/outcome.hpp"

namespace stemma::tests {

inline constexpr double infinity = std::numeric_limits<double>::infinity();
inline constexpr double nan = std::numeric_limits<double>::quiet_NaN();

inline Objectives point(std::initializer_list<double> values) {
    return Objectives(std::span<const double>(values.begin(), values.size()));
}

/// Members 0, 1, ..; feasible.
inline std::vector<Candidate> candidates(const std::vector<Objectives>& points) {
    std::vector<Candidate> made;
    for (const auto& objectives : points) made.push_back({{made.size()}, {objectives}});
    return made;
}

/// (loss, latency) of eight members; 0 and 3 are twins.
inline std::vector<Objectives> eight_points() {
    return {point({.45, 14}), point({.45, 17}), point({.42, 32}), point({.45, 14}),
            point({.47, 21}), point({.38, 39}), point({.39, 34}), point({.59, 13})};
}

/// Three objectives; the last two are dominated.
inline std::vector<Objectives> eight_points_in_space() {
    return {point({1, 7, 5}), point({2, 3, 6}), point({4, 4, 2}), point({6, 1, 4}),
            point({3, 5, 3}), point({5, 6, 1}), point({4, 6, 4}), point({2, 3, 8})};
}

/// Values of a small grid (many ties and twins) if `steps` > 0, else of [0, 1).
inline Objectives random_point(Stream& draw, std::size_t count, int steps) {
    std::vector<double> values;
    for (std::size_t d = 0; d < count; ++d) {
        const double value = draw.uniform();
        values.push_back(steps > 0 ? std::floor(value * steps) : value);
    }
    return Objectives(values);
}

}  // namespace stemma::tests
