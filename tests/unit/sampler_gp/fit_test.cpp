#include "sampler/gp/fit.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "sampler/gp/minimize.hpp"
#include "support/errors.hpp"
#include "unit/sampler_gp/reference.hpp"

namespace stemma::gp::test {
namespace {

TEST(Minimize, FindsTheMinimumInsideAndOnTheBounds) {
    const auto bowl = [](const Vector& point, Vector& gradient) {
        const Vector away = point - Vector{{0.3, 4.0}};
        gradient = 2 * away;
        return away.squaredNorm();
    };
    const auto result = minimize(bowl, Vector{{0.9, 0.1}}, Vector::Zero(2), Vector::Ones(2), 50);
    EXPECT_NEAR(result.point[0], 0.3, 1e-4);
    EXPECT_NEAR(result.point[1], 1, 1e-12);
    EXPECT_LE(result.evaluations, 50);
}

TEST(Minimize, KeepsToItsEvaluationsAndNeverEndsWorseThanItStarted) {
    for (const int evaluations : {1, 2, 5, 20}) {
        int calls = 0;
        const auto valley = [&calls](const Vector& p, Vector& gradient) {
            ++calls;
            const double bend = p[1] - p[0] * p[0];
            gradient = Vector{{-2 * (1 - p[0]) - 400 * bend * p[0], 200 * bend}};
            return (1 - p[0]) * (1 - p[0]) + 100 * bend * bend;
        };
        Vector gradient;
        const Vector start{{-1.2, 1.0}};
        const auto result = minimize(valley, start, Vector{{-2, -2}}, Vector{{2, 2}}, evaluations);
        EXPECT_LE(calls, evaluations);
        EXPECT_LE(result.value, valley(start, gradient));
        EXPECT_EQ(result.value, valley(result.point, gradient));
    }
}

TEST(Minimize, SurvivesAFunctionWithoutValues) {
    const auto nowhere = [](const Vector&, Vector&) { return std::nan(""); };
    EXPECT_EQ(minimize(nowhere, Vector{{0.5}}, Vector::Zero(1), Vector::Ones(1), 20).value,
              std::numeric_limits<double>::infinity());
}

TEST(Minimize, PassesExceptionsOn) {
    const auto broken = [](const Vector&, Vector&) -> double { throw std::runtime_error("broken"); };
    EXPECT_ERROR(minimize(broken, Vector{{0.5}}, Vector::Zero(1), Vector::Ones(1), 20), std::runtime_error, "broken");
}

TEST(Prior, GradientEqualsFiniteDifferences) {
    const Shape shape{.continuous = 4, .categorical = 2, .warped = 3, .decay = true};
    const Prior prior(shape);
    const auto logs = random_parameters(shape, 5);
    Vector gradient = Vector::Zero(logs.size()), unused = gradient;
    prior.add(logs, gradient);
    for (Eigen::Index at = 0; at < logs.size(); ++at) {
        Vector up = logs, down = logs;
        up[at] += 1e-5;
        down[at] -= 1e-5;
        EXPECT_NEAR(gradient[at], (prior.add(up, unused) - prior.add(down, unused)) / 2e-5, 1e-7);
    }
    EXPECT_TRUE((prior.lower.array() < prior.mean.array()).all() && (prior.mean.array() < prior.upper.array()).all());
}

/// A function of the first coordinate only.
struct OneRelevantCoordinate : testing::Test {
    Shape shape{.continuous = 3};
    Inputs inputs = random_inputs(shape, 40, 11);
    Vector targets = (6 * inputs.x.col(0).array()).sin();
};

TEST_F(OneRelevantCoordinate, GetsAShortLengthAndLittleNoise) {
    const auto found = fit(shape, inputs, targets, cold_starts(shape), 80);
    ASSERT_TRUE(found);
    const Vector values = found->log_parameters.array().exp();
    EXPECT_LT(4 * values[Shape::lengths], values[Shape::lengths + 1]);
    EXPECT_LT(4 * values[Shape::lengths], values[Shape::lengths + 2]);
    EXPECT_LT(values[Shape::noise], 1e-2);
}

TEST_F(OneRelevantCoordinate, NoiseIsFound) {
    inputs = random_inputs(shape, 150, 11);
    targets = (6 * inputs.x.col(0).array()).sin().matrix() + random_vector(150, 0.5, 12);
    const auto found = fit(shape, inputs, targets, cold_starts(shape), 80);
    ASSERT_TRUE(found);
    const double noise = std::exp(found->log_parameters[Shape::noise]);
    EXPECT_GT(noise, 0.08);
    EXPECT_LT(noise, 0.6);
}

TEST_F(OneRelevantCoordinate, AWarmStartIsNotLeftForAWorseOne) {
    const auto found = fit(shape, inputs, targets, cold_starts(shape), 80);
    const auto again = fit(shape, inputs, targets, {found->log_parameters}, 5);
    EXPECT_GE(again->value, found->value);
    EXPECT_LE(again->evaluations, 5);
}

TEST_F(OneRelevantCoordinate, TargetsWithoutLikelihoodGiveNothing) {
    targets[3] = std::nan("");
    EXPECT_FALSE(fit(shape, inputs, targets, cold_starts(shape), 10));
}

}  // namespace
}  // namespace stemma::gp::test
