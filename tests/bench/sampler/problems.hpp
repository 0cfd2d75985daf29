#pragma once
// Functions with known minimum for comparing samplers. regret.py has the same functions in Python.

#include <array>
#include <cmath>
#include <functional>
#include <memory>
#include <numbers>
#include <string>
#include <vector>

#include "space/search_space.hpp"

namespace stemma::bench {

struct Problem {
    std::string name;
    std::shared_ptr<const SearchSpace> space;
    std::function<double(const Configuration&)> value;
    double minimum = 0;
    std::uint64_t evaluations = 0;
};

inline Parameter real(std::string name, double low, double high, Scale scale = Scale::linear,
                      std::vector<Condition> when = {}) {
    return {std::move(name), Real{low, high, scale, {}}, Role::mutable_value, {}, std::move(when)};
}

inline double branin(double x, double y) {
    constexpr double pi = std::numbers::pi;
    const double root = y - 5.1 / (4 * pi * pi) * x * x + 5 / pi * x - 6;
    return root * root + 10 * (1 - 1 / (8 * pi)) * std::cos(x) + 10;
}

inline double hartmann6(const Configuration& point) {
    constexpr std::array<double, 4> alpha = {1.0, 1.2, 3.0, 3.2};
    constexpr double a[4][6] = {
        {10, 3, 17, 3.5, 1.7, 8}, {0.05, 10, 17, 0.1, 8, 14}, {3, 3.5, 1.7, 10, 17, 8}, {17, 8, 0.05, 10, 0.1, 14}};
    constexpr double p[4][6] = {{0.1312, 0.1696, 0.5569, 0.0124, 0.8283, 0.5886},
                                {0.2329, 0.4135, 0.8307, 0.3736, 0.1004, 0.9991},
                                {0.2348, 0.1451, 0.3522, 0.2883, 0.3047, 0.6650},
                                {0.4047, 0.8828, 0.8732, 0.5743, 0.1091, 0.0381}};
    double value = 0;
    for (std::size_t i = 0; i < 4; ++i) {
        double exponent = 0;
        for (std::size_t j = 0; j < 6; ++j) {
            const double distance = std::get<double>(point[j]) - p[i][j];
            exponent += a[i][j] * distance * distance;
        }
        value -= alpha[i] * std::exp(-exponent);
    }
    return value;
}

/// Three kinds with parameters of their own. Only the second kind reaches 0.
inline double conditional(const Configuration& point) {
    const auto square = [](double x) { return x * x; };
    const auto kind = std::get<Choice>(point[0]).index;
    if (kind == 0) return 0.2 + square(std::get<double>(point[1]) - 0.7) + square(std::get<double>(point[2]) - 0.2);
    if (kind == 2) return 0.3 + square(std::get<double>(point[5]) - 0.5);
    const auto layers = static_cast<double>(std::get<std::int64_t>(point[4]));
    return 0.05 * square(std::log10(std::get<double>(point[3])) + 3) + 0.02 * square(layers - 11);
}

inline std::vector<Problem> problems() {
    const auto share = [](std::vector<Parameter> parameters) {
        return std::make_shared<const SearchSpace>(std::move(parameters));
    };
    std::vector<Parameter> six;
    for (int i = 0; i < 6; ++i) six.push_back(real("x" + std::to_string(i), 0, 1));
    const auto numbers = [](const Configuration& c) { return branin(std::get<double>(c[0]), std::get<double>(c[1])); };
    return {
        {"branin", share({real("x", -5, 10), real("y", 0, 15)}), numbers, 0.39788735772973816, 60},
        {"hartmann6", share(std::move(six)), hartmann6, -3.32236801141551, 100},
        {"conditional",
         share({
             {"kind", Categorical{{std::string("a"), std::string("b"), std::string("c")}}, Role::mutable_value, {}, {}},
             real("x", 0, 1, Scale::linear, {{0, {0}}}),
             real("y", 0, 1, Scale::linear, {{0, {0}}}),
             real("lr", 1e-5, 1, Scale::log, {{0, {1}}}),
             {"layers", Integer{1, 16, Scale::linear, {}}, Role::mutable_value, {}, {{0, {1}}}},
             real("z", 0, 1, Scale::linear, {{0, {2}}}),
         }),
         conditional, 0, 80},
    };
}

}  // namespace stemma::bench
