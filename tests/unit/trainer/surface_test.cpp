#include "trainer/toy/surface.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "core/error.hpp"

namespace stemma {
namespace {

using testing::HasSubstr;
using testing::ThrowsMessage;

Surface surface(const std::string& name, double noise = 0) {
    Surface made;
    made.kind = surface_named(name);
    made.noise = noise;
    return made;
}

TEST(Surface, EveryNameIsFoundAndOthersAreRefused) {
    for (const auto& name : surface_names()) EXPECT_NO_THROW(surface_named(name)) << name;
    EXPECT_THAT([] { surface_named("quadratik"); }, ThrowsMessage<UserError>(HasSubstr("did you mean \"quadratic\"")));
}

TEST(Surface, LossFallsWithTraining) {
    for (const auto& name : surface_names()) {
        const auto curve = surface(name);
        double before = curve.loss({0.3, 0.6}, {1}, 0);
        if (curve.path()) continue;  // path_surface_test.cpp
        for (Resource resource = 1; resource < 1000; resource *= 2) {
            const double now = curve.loss({0.3, 0.6}, {1}, resource);
            EXPECT_LT(now, before) << name << " at " << resource;
            before = now;
        }
    }
}

TEST(Surface, OneThatDependsOnThePathIsTrainedWithOneConfiguration) {
    const auto deceptive = surface("deceptive");
    const double x = (0.74 - 1e-4) / 1.0999;
    EXPECT_NEAR(1.2 - deceptive.loss({x, 0.1}, {1}, 50), 1.0970298831, 1e-9);
    EXPECT_NEAR(deceptive.loss({x}, {1}, 0), 0.81, 1e-12);
    EXPECT_FALSE(surface("quadratic").path());
    EXPECT_NE(surface("decay", 0.1).loss({x}, {1}, 3), surface("decay", 0.1).loss({x}, {2}, 3));
}

TEST(Surface, QuadraticHasItsOptimumInsideTheCube) {
    const auto quadratic = surface("quadratic");
    double best = 100, worst = 0;
    for (double x = 0.025; x < 0.96; x += 0.05) {
        for (double y = 0.025; y < 1; y += 0.05) {
            const double loss = quadratic.loss({x, y}, {1}, 1'000'000'000);
            best = std::min(best, loss);
            worst = std::max(worst, loss);
        }
    }
    EXPECT_LT(best, 0.11);
    EXPECT_GT(worst, 0.3);
}

TEST(Surface, EarlyRanksMisleadOnlyWhereTheyShould) {
    // A good and a mediocre configuration: the second coordinate away from its optimum.
    const auto order_changes = [](const Surface& curve) {
        const std::vector<double> good = {0.41, 0.782}, mediocre = {0.41, 0.2};
        const bool early = curve.loss(good, {1}, 20) < curve.loss(mediocre, {1}, 20);
        const bool late = curve.loss(good, {1}, 100'000) < curve.loss(mediocre, {1}, 100'000);
        EXPECT_TRUE(late);
        return early != late;
    };
    EXPECT_FALSE(order_changes(surface("quadratic")));
    EXPECT_TRUE(order_changes(surface("crossing")));
}

TEST(Surface, NoiseIsAFunctionOfMemberAndResource) {
    const auto noisy = surface("flat", 0.5);
    const auto at = [&](std::uint64_t member, Resource resource) { return noisy.loss({0.5}, {member}, resource); };
    EXPECT_EQ(at(1, 3), at(1, 3));
    EXPECT_NE(at(1, 3), at(2, 3));

    double sum = 0, squares = 0;
    constexpr int draws = 10'000;
    for (std::uint64_t member = 0; member < draws; ++member) {
        const double noise = at(member, 3) - surface("flat").loss({0.5}, {member}, 3);
        sum += noise;
        squares += noise * noise;
    }
    EXPECT_NEAR(sum / draws, 0, 0.025);  // five standard errors
    EXPECT_NEAR(std::sqrt(squares / draws), 0.5, 0.02);
}

}  // namespace
}  // namespace stemma
