// Posterior mean, variance and likelihood with all their gradients against closed forms. These are evaluated in long
// double without any code of the library: derivatives of the formula in kernel.hpp by hand, Gauss elimination.

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <numbers>
#include <string>

#include "sampler/gp/posterior.hpp"
#include "unit/sampler_gp/reference.hpp"

namespace stemma::gp::test {
namespace {

using Eigen::Index;
using Wide = long double;
using Column = std::vector<Wide>;

Wide dot(const Column& a, const Column& b) {
    Wide sum = 0;
    for (std::size_t i = 0; i < a.size(); ++i) sum += a[i] * b[i];
    return sum;
}

/// w(x) = 1 - (1 - x^a)^b and its derivatives.
struct Warp {
    Wide value, by_x, by_log_a, by_log_b;
};

Warp warp_of(Wide x, Wide a, Wide b) {
    const auto power = std::pow(x, a), rest = 1 - power, slope = b * std::pow(rest, b - 1);
    return {.value = 1 - std::pow(rest, b),
            .by_x = slope * a * std::pow(x, a - 1),
            .by_log_a = slope * a * power * std::log(x),
            .by_log_b = -b * std::pow(rest, b) * std::log(rest)};
}

/// The derivatives of k(p, q) = F (1 + u + u^2 / 3) exp(-u), where u = sqrt5 r and F is what does not depend on r. By
/// anything that r depends on: dk = -F (1 + u) exp(-u) u du / 3 = -5/6 F (1 + u) exp(-u) d(r^2).
class Pair {
public:
    Pair(const Shape& shape, const Vector& logs, const Inputs& p, Index i, const Inputs& q, Index j)
        : shape_(shape), logs_(logs), p_(p), q_(q), i_(i), j_(j), value_(covariance(shape, logs, p, i, q, j)) {
        Wide squared = 0;
        for (Index d = 0; d < shape.continuous; ++d) squared += difference(d) * difference(d);
        const auto u = std::sqrt(5 * squared);
        by_squared_ = -5 * value_ / (1 + u + 5 * squared / 3) * (1 + u) / 6;
    }

    Wide value() const { return value_; }
    /// By p's own coordinate d.
    Wide by_input(Index d) const {
        return by_squared_ * 2 * difference(d) * warp(p_, i_, d).by_x / parameter(Shape::lengths + d);
    }
    /// By the logarithm of hyperparameter number `at`. The noise is on the diagonal alone.
    Wide by_parameter(Index at) const {
        if (at == Shape::signal) return value_;
        if (at == Shape::noise) return 0;
        if (at < shape_.weights()) return -2 * by_squared_ * std::pow(difference(at - Shape::lengths), 2);
        if (at < shape_.rate()) {
            const auto c = at - shape_.weights();
            return p_.levels(i_, c) != q_.levels(j_, c) ? -parameter(at) * value_ : 0;
        }
        if (at < shape_.warp_a()) return -parameter(at) * std::abs(Wide(p_.time[i_]) - q_.time[j_]) * value_;
        const bool a = at < shape_.warp_b();
        const auto d = at - (a ? shape_.warp_a() : shape_.warp_b());
        const auto left = warp(p_, i_, d), right = warp(q_, j_, d);
        const auto moved = a ? left.by_log_a - right.by_log_a : left.by_log_b - right.by_log_b;
        return by_squared_ * 2 * difference(d) * moved / parameter(Shape::lengths + d);
    }

private:
    Wide parameter(Index at) const { return std::exp(Wide(logs_[at])); }
    Warp warp(const Inputs& inputs, Index row, Index d) const {
        const Wide x = inputs.x(row, d);
        if (d >= shape_.warped) return {x, 1, 0, 0};
        return warp_of(x, parameter(shape_.warp_a() + d), parameter(shape_.warp_b() + d));
    }
    Wide difference(Index d) const {
        return (warp(p_, i_, d).value - warp(q_, j_, d).value) / parameter(Shape::lengths + d);
    }

    const Shape& shape_;
    const Vector& logs_;
    const Inputs &p_, &q_;
    Index i_, j_;
    Wide value_, by_squared_;
};

/// Relative to the value, or to 1e-2 where its terms nearly cancel.
void expect_close(double value, Wide expected, const std::string& what) {
    EXPECT_NEAR(value, static_cast<double>(expected), 1e-10 * std::max<double>(std::abs(expected), 1e-2)) << what;
}

class ClosedForms : public testing::TestWithParam<Shape> {
protected:
    static constexpr Index count = 7;

    ClosedForms() : noisy_(count, Column(count)) {
        for (Index i = 0; i < count; ++i) {
            targets_wide_.push_back(targets_[i]);
            for (Index j = 0; j < count; ++j) {
                const auto noise = i == j ? std::exp(Wide(logs_[Shape::noise])) : 0;
                noisy_[i][j] = Pair(shape_, logs_, inputs_, i, inputs_, j).value() + noise;
            }
        }
        alpha_ = eliminate(noisy_, targets_wide_);
    }

    /// k(row of points, each observation), or its derivative.
    template <class Part>
    Column against_data(const Inputs& points, Index row, Part part) const {
        Column result;
        for (Index i = 0; i < count; ++i) result.push_back(part(Pair(shape_, logs_, points, row, inputs_, i)));
        return result;
    }
    /// Mean k' alpha and variance s - k' K^-1 k with their gradients dk' alpha and -2 dk' K^-1 k.
    void expect_prediction(const Inputs& points, Index row) const {
        const auto at = posterior_.predict_one(one_of(points, row));
        const auto cross = against_data(points, row, [](const Pair& pair) { return pair.value(); });
        const auto solved = eliminate(noisy_, cross).solution;
        const auto name = "point " + std::to_string(row);
        const auto mean = dot(cross, alpha_.solution);
        const auto variance = std::exp(Wide(logs_[Shape::signal])) - dot(cross, solved);
        expect_close(at.mean, mean, name + ": mean");
        expect_close(at.variance, variance, name + ": variance");
        expect_close(posterior_.mean(points)[row], mean, name + ": mean of many");
        expect_close(posterior_.predict(points).mean[row], mean, name + ": mean with variance");
        expect_close(posterior_.predict(points).variance[row], variance, name + ": variance of many");
        ASSERT_EQ(at.mean_gradient.size(), shape_.continuous);
        for (Index d = 0; d < shape_.continuous; ++d) {
            const auto slope = against_data(points, row, [d](const Pair& pair) { return pair.by_input(d); });
            const auto by = name + " by coordinate " + std::to_string(d);
            expect_close(at.mean_gradient[d], dot(slope, alpha_.solution), "mean of " + by);
            expect_close(at.variance_gradient[d], -2 * dot(slope, solved), "variance of " + by);
        }
    }
    Inputs one_of(const Inputs& points, Index row) const {
        return {points.x.row(row), points.levels.row(row), points.time.segment(shape_.decay ? row : 0, shape_.decay)};
    }

    Shape shape_ = GetParam();
    Vector logs_ = random_parameters(shape_, 21);
    Inputs inputs_ = random_inputs(shape_, count, 22);
    Vector targets_ = random_vector(count, 1, 23);
    Posterior posterior_ = *Posterior::make(Kernel(shape_, logs_), inputs_, targets_);
    Rows noisy_;  ///< K, with noise
    Column targets_wide_;
    Solved alpha_;  ///< K^-1 y
};

TEST_P(ClosedForms, MeanAndVarianceWithGradientsByThePoint) {
    ASSERT_EQ(posterior_.jitter(), 0);
    const auto points = random_inputs(shape_, 6, 24);
    for (Index row = 0; row < points.size(); ++row) expect_prediction(points, row);
}

TEST_P(ClosedForms, ThoseAtTheObservationsThemselves) {
    for (Index row = 0; row < count; ++row) expect_prediction(inputs_, row);
}

/// tr((alpha alpha' - K^-1) dK) / 2 by each hyperparameter: signal, noise, lengths, weights, rate, warps.
TEST_P(ClosedForms, LikelihoodWithGradientByTheHyperparameters) {
    const auto likelihood = posterior_.likelihood();
    const auto constant = count * std::log(2 * std::numbers::pi_v<Wide>);
    expect_close(likelihood.value, -(dot(targets_wide_, alpha_.solution) + alpha_.log_determinant + constant) / 2,
                 "likelihood");
    Rows inverse;
    for (Index i = 0; i < count; ++i) {
        Column unit(count, 0);
        unit[i] = 1;
        inverse.push_back(eliminate(noisy_, unit).solution);
    }
    ASSERT_EQ(likelihood.gradient.size(), shape_.parameters());
    for (Index at = 0; at < shape_.parameters(); ++at) {
        Wide trace = 0;
        for (Index i = 0; i < count; ++i) {
            for (Index j = 0; j < count; ++j) {
                const auto weight = alpha_.solution[i] * alpha_.solution[j] - inverse[i][j];
                trace += weight * Pair(shape_, logs_, inputs_, i, inputs_, j).by_parameter(at);
                if (at == Shape::noise && i == j) trace += weight * std::exp(Wide(logs_[Shape::noise]));
            }
        }
        expect_close(likelihood.gradient[at], trace / 2, "hyperparameter " + std::to_string(at));
    }
}

/// `shapes` has three dimensions with a length each. Added here is the sampler's default: three warped numbers, and the
/// time as a fourth coordinate without a warp.
INSTANTIATE_TEST_SUITE_P(All, ClosedForms, testing::ValuesIn(shapes));
INSTANTIATE_TEST_SUITE_P(TimeAsACoordinate, ClosedForms, testing::Values(Shape{.continuous = 4, .warped = 3}));

}  // namespace
}  // namespace stemma::gp::test
