#include "sampler/gp/posterior.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <numbers>

#include "unit/sampler_gp/reference.hpp"

namespace stemma::gp::test {
namespace {

/// One continuous coordinate.
Inputs line(std::initializer_list<double> values) {
    Inputs inputs{Matrix(static_cast<Eigen::Index>(values.size()), 1),
                  Levels(static_cast<Eigen::Index>(values.size()), 0), Vector(0)};
    Eigen::Index row = 0;
    for (const double value : values) inputs.x(row++, 0) = value;
    return inputs;
}

Kernel simple_kernel(double signal, double noise, double length) {
    return {{.continuous = 1}, Vector{{std::log(signal), std::log(noise), std::log(length)}}};
}

double matern(double distance) {
    const double root = std::sqrt(5.0) * distance;
    return (1 + root + root * root / 3) * std::exp(-root);
}

TEST(GpPosterior, OneObservationByHand) {
    const double signal = 2, noise = 0.1, length = 0.3, y = 1.5;
    const auto posterior = *Posterior::make(simple_kernel(signal, noise, length), line({0.2}), Vector{{y}});

    const auto at = posterior.predict_one(line({0.5}));

    const double k = signal * matern(1);
    EXPECT_NEAR(at.mean, k * y / (signal + noise), 1e-12);
    EXPECT_NEAR(at.variance, signal - k * k / (signal + noise), 1e-12);
    const double slope = -signal * 5.0 / 3 * (1 + std::sqrt(5.0)) * std::exp(-std::sqrt(5.0)) / length;
    EXPECT_NEAR(at.mean_gradient[0], slope * y / (signal + noise), 1e-12);
    EXPECT_NEAR(at.variance_gradient[0], -2 * k * slope / (signal + noise), 1e-12);
    EXPECT_NEAR(posterior.likelihood().value,
                -0.5 * (y * y / (signal + noise) + std::log(2 * std::numbers::pi * (signal + noise))), 1e-12);
}

TEST(GpPosterior, TwoObservationsByHand) {
    const double noise = 0.05;
    const auto posterior = *Posterior::make(simple_kernel(1, noise, 0.5), line({0.1, 0.6}), Vector{{1, -2}});
    const double diagonal = 1 + noise, between = matern(1), first = matern(0.4), second = matern(0.6);
    const double determinant = diagonal * diagonal - between * between;

    const auto at = posterior.predict(line({0.3}));

    // K^-1 = [diagonal, -between; -between, diagonal] / determinant
    EXPECT_NEAR(at.mean[0], (first * (diagonal + 2 * between) + second * (-between - 2 * diagonal)) / determinant,
                1e-12);
    const double explained =
        (diagonal * (first * first + second * second) - 2 * between * first * second) / determinant;
    EXPECT_NEAR(at.variance[0], 1 - explained, 1e-12);
}

TEST(GpPosterior, FarFromAllDataItIsThePrior) {
    const auto posterior = *Posterior::make(simple_kernel(3, 1e-4, 0.005), line({0.1, 0.2}), Vector{{1, 5}});
    const auto at = posterior.predict_one(line({0.9}));
    EXPECT_NEAR(at.mean, 0, 1e-12);
    EXPECT_NEAR(at.variance, 3, 1e-12);
}

class EachShape : public testing::TestWithParam<Shape> {
protected:
    static constexpr Eigen::Index count = 12;
    Shape shape = GetParam();
    Vector logs = random_parameters(shape, 1);
    Inputs inputs = random_inputs(shape, count, 2);
    Vector targets = random_vector(count, 1, 3);
};

TEST_P(EachShape, MeanVarianceAndLikelihoodEqualTheDenseFormulas) {
    const auto posterior = *Posterior::make(Kernel(shape, logs), inputs, targets);
    Rows k(count, std::vector<long double>(count));
    std::vector<long double> y;
    for (Eigen::Index i = 0; i < count; ++i) {
        for (Eigen::Index j = 0; j < count; ++j)
            k[i][j] = covariance(shape, logs, inputs, i, inputs, j) + (i == j ? std::exp(logs[Shape::noise]) : 0);
        y.push_back(targets[i]);
    }
    const auto weights = eliminate(k, y);
    const auto points = random_inputs(shape, 5, 4);
    const auto predicted = posterior.predict(points);

    for (Eigen::Index p = 0; p < points.size(); ++p) {
        std::vector<long double> cross;
        for (Eigen::Index i = 0; i < count; ++i) cross.push_back(covariance(shape, logs, inputs, i, points, p));
        const auto solved = eliminate(k, cross).solution;
        long double mean = 0, variance = std::exp(logs[Shape::signal]);
        for (std::size_t i = 0; i < cross.size(); ++i) {
            mean += cross[i] * weights.solution[i];
            variance -= cross[i] * solved[i];
        }
        EXPECT_NEAR(predicted.mean[p], static_cast<double>(mean), 1e-8);
        EXPECT_NEAR(posterior.mean(points)[p], static_cast<double>(mean), 1e-8);
        EXPECT_NEAR(predicted.variance[p], static_cast<double>(variance), 1e-8);
    }
    long double fit = 0;
    for (std::size_t i = 0; i < y.size(); ++i) fit += y[i] * weights.solution[i];
    const auto expected = -(fit + weights.log_determinant + count * std::log(2 * std::numbers::pi_v<long double>)) / 2;
    EXPECT_NEAR(posterior.likelihood().value, static_cast<double>(expected), 1e-8);
    EXPECT_EQ(posterior.jitter(), 0);
}

TEST_P(EachShape, LikelihoodGradientEqualsFiniteDifferences) {
    const auto gradient = Posterior::make(Kernel(shape, logs), inputs, targets)->likelihood().gradient;
    ASSERT_EQ(gradient.size(), shape.parameters());
    constexpr double step = 1e-4;
    for (Eigen::Index at = 0; at < logs.size(); ++at) {
        const auto value = [&](double by) {
            Vector moved = logs;
            moved[at] += by;
            return Posterior::make(Kernel(shape, moved), inputs, targets)->likelihood().value;
        };
        // Fourth order.
        const double slope = (8 * (value(step) - value(-step)) - (value(2 * step) - value(-2 * step))) / (12 * step);
        EXPECT_NEAR(gradient[at], slope, 1e-5 * std::max(std::abs(slope), 1e-3)) << "hyperparameter " << at;
    }
}

TEST_P(EachShape, InputGradientsEqualFiniteDifferences) {
    const auto posterior = *Posterior::make(Kernel(shape, logs), inputs, targets);
    const auto point = random_inputs(shape, 1, 7);
    const auto at = posterior.predict_one(point);
    EXPECT_NEAR(at.mean, posterior.predict(point).mean[0], 1e-12);
    EXPECT_NEAR(at.variance, posterior.predict(point).variance[0], 1e-12);
    constexpr double step = 1e-4;
    for (Eigen::Index d = 0; d < shape.continuous; ++d) {
        const auto moved = [&](double by) {
            auto other = point;
            other.x(0, d) += by;
            const auto there = posterior.predict(other);
            return std::pair(there.mean[0], there.variance[0]);
        };
        const auto slope = [&](auto part) {
            const auto p1 = moved(step), m1 = moved(-step), p2 = moved(2 * step), m2 = moved(-2 * step);
            return (8 * (part(p1) - part(m1)) - (part(p2) - part(m2))) / (12 * step);
        };
        EXPECT_NEAR(at.mean_gradient[d], slope([](auto both) { return both.first; }), 1e-7) << "coordinate " << d;
        EXPECT_NEAR(at.variance_gradient[d], slope([](auto both) { return both.second; }), 1e-7) << "coordinate " << d;
    }
}

TEST_P(EachShape, AFantasyAtTheMeanLeavesTheMeanAndShrinksTheVariance) {
    const auto before = *Posterior::make(Kernel(shape, logs), inputs, targets);
    const auto pending = random_inputs(shape, 2, 8), points = random_inputs(shape, 6, 9);
    Vector all(count + 2);
    all << targets, before.mean(pending);

    const auto after = *Posterior::make(Kernel(shape, logs), stacked(inputs, pending), all);

    EXPECT_LT((after.mean(points) - before.mean(points)).cwiseAbs().maxCoeff(), 1e-9);
    EXPECT_TRUE((after.predict(points).variance.array() <= before.predict(points).variance.array() + 1e-12).all());
    EXPECT_LT(after.predict(pending).variance[0], before.predict(pending).variance[0]);
}

INSTANTIATE_TEST_SUITE_P(All, EachShape, testing::ValuesIn(shapes));

TEST(GpPosterior, CoincidingPointsWithoutNoiseNeedJitter) {
    const auto posterior = Posterior::make(simple_kernel(1, 1e-18, 0.5), line({0.5, 0.5, 0.5}), Vector{{1, 1, 1}});
    ASSERT_TRUE(posterior);
    EXPECT_GT(posterior->jitter(), 0);
    EXPECT_LE(posterior->jitter(), 1e-4);
    EXPECT_NEAR(posterior->predict(line({0.5})).mean[0], 1, 1e-3);
}

TEST(GpPosterior, WhatIsNotFiniteIsRefused) {
    EXPECT_FALSE(Posterior::make(simple_kernel(1, 0.1, 0.5), line({0.5}), Vector{{std::nan("")}}));
    EXPECT_FALSE(Posterior::make(simple_kernel(std::nan(""), 0.1, 0.5), line({0.5}), Vector{{1}}));
    EXPECT_FALSE(Posterior::make(simple_kernel(1, INFINITY, 0.5), line({0.5}), Vector{{1}}));
}

}  // namespace
}  // namespace stemma::gp::test
