#pragma once
// Functions to minimize and a loop that does so.

#include <cmath>
#include <memory>
#include <numbers>

#include "sampler/sampler.hpp"

namespace stemma::gp::test {

/// Smallest value 0.397887 at three points.
inline double branin(double x, double y) {
    using std::numbers::pi;
    const double bend = y - 5.1 / (4 * pi * pi) * x * x + 5 / pi * x - 6;
    return bend * bend + 10 * (1 - 1 / (8 * pi)) * std::cos(x) + 10;
}
inline constexpr double branin_minimum = 0.39788735772973816;

inline std::shared_ptr<const SearchSpace> branin_space() {
    return std::make_shared<const SearchSpace>(std::vector<Parameter>{
        {"x", Real{-5, 10, Scale::linear, {}}, Role::mutable_value, {}, {}},
        {"y", Real{0, 15, Scale::linear, {}}, Role::mutable_value, {}, {}},
    });
}

/// Lowest value of `evaluations` of `function(configuration)`, each observed before the next is proposed.
template <class Function>
double minimum_found(Sampler& sampler, std::uint64_t evaluations, const Function& function) {
    double best = std::numeric_limits<double>::infinity();
    for (std::uint64_t member = 0; member < evaluations; ++member) {
        const auto configuration = *sampler.propose({.member = {member}, .index = member});
        const double value = function(configuration);
        best = std::min(best, value);
        sampler.born({{member}, {}, 0, configuration});
        sampler.observe({{member}, 1, value});
    }
    return best;
}

}  // namespace stemma::gp::test
