#pragma once
// The same formulas without the library: plain loops and Gauss elimination in long double.

#include <cmath>
#include <utility>
#include <vector>

#include "core/rng.hpp"
#include "sampler/gp/kernel.hpp"

namespace stemma::gp::test {

using Rows = std::vector<std::vector<long double>>;

/// Solution of A x = b, and log |det A|.
struct Solved {
    std::vector<long double> solution;
    long double log_determinant = 0;
};

inline Solved eliminate(Rows a, std::vector<long double> b) {
    const std::size_t n = a.size();
    Solved result;
    for (std::size_t column = 0; column < n; ++column) {
        std::size_t pivot = column;
        for (std::size_t row = column; row < n; ++row) {
            if (std::abs(a[row][column]) > std::abs(a[pivot][column])) pivot = row;
        }
        std::swap(a[column], a[pivot]);
        std::swap(b[column], b[pivot]);
        result.log_determinant += std::log(std::abs(a[column][column]));
        for (std::size_t row = column + 1; row < n; ++row) {
            const auto factor = a[row][column] / a[column][column];
            for (std::size_t k = column; k < n; ++k) a[row][k] -= factor * a[column][k];
            b[row] -= factor * b[column];
        }
    }
    result.solution.resize(n);
    for (std::size_t row = n; row-- > 0;) {
        auto rest = b[row];
        for (std::size_t k = row + 1; k < n; ++k) rest -= a[row][k] * result.solution[k];
        result.solution[row] = rest / a[row][row];
    }
    return result;
}

/// k(p, q) from the formula in kernel.hpp.
inline long double covariance(const Shape& shape, const Vector& logs, const Inputs& p, Eigen::Index i, const Inputs& q,
                              Eigen::Index j) {
    const auto parameter = [&](Eigen::Index at) { return std::exp(static_cast<long double>(logs[at])); };
    const auto warped = [&](long double x, Eigen::Index d) {
        if (d >= shape.warped) return x;
        return 1 - std::pow(1 - std::pow(x, parameter(shape.warp_a() + d)), parameter(shape.warp_b() + d));
    };
    long double squared = 0, factor = parameter(Shape::signal);
    for (Eigen::Index d = 0; d < shape.continuous; ++d) {
        const auto difference = (warped(p.x(i, d), d) - warped(q.x(j, d), d)) / parameter(Shape::lengths + d);
        squared += difference * difference;
    }
    for (Eigen::Index c = 0; c < shape.categorical; ++c) {
        if (p.levels(i, c) != q.levels(j, c)) factor *= std::exp(-parameter(shape.weights() + c));
    }
    if (shape.decay) factor *= std::exp(-parameter(shape.rate()) * std::abs(p.time[i] - q.time[j]));
    const auto root = std::sqrt(5 * squared);
    return factor * (1 + root + 5 * squared / 3) * std::exp(-root);
}

/// Random points that fit `shape`.
inline Inputs random_inputs(const Shape& shape, Eigen::Index count, std::uint64_t seed) {
    Stream random(seed, Purpose::test);
    Inputs inputs{Matrix(count, shape.continuous), Levels(count, shape.categorical), Vector(shape.decay ? count : 0)};
    for (auto& value : inputs.x.reshaped()) value = random.uniform();
    for (auto& value : inputs.levels.reshaped()) value = static_cast<int>(random.below(3));
    for (auto& value : inputs.time) value = static_cast<double>(random.below(6));
    return inputs;
}

inline Vector random_vector(Eigen::Index size, double deviation, std::uint64_t seed) {
    Stream random(seed, Purpose::test, 1);
    Vector result(size);
    for (auto& value : result) value = deviation * random.normal();
    return result;
}

/// Typical hyperparameters of a fit.
inline Vector random_parameters(const Shape& shape, std::uint64_t seed) {
    Vector result = random_vector(shape.parameters(), 0.4, seed);
    result[Shape::noise] -= 4;
    return result;
}

/// Kernels with all parts alone and together.
inline const Shape shapes[] = {
    {.continuous = 1},
    {.continuous = 3},
    {.continuous = 2, .warped = 1},
    {.continuous = 0, .categorical = 2},
    {.continuous = 2, .decay = true},
    {.continuous = 4, .categorical = 2, .warped = 3, .decay = true},
};

}  // namespace stemma::gp::test
