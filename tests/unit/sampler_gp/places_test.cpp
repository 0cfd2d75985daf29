// Configurations as points of the model, and what a child may change of them.
#include <gtest/gtest.h>

#include "sampler/gp/encoding.hpp"
#include "sampler/gp/inheritance.hpp"
#include "sampler/gp/targets.hpp"
#include "unit/space/spaces.hpp"

namespace stemma::gp::test {
namespace {

using namespace stemma::test;

/// training_space() without the constant: lr, optimizer, momentum (sgd only), nesterov (momentum > 0), batch, depth.
struct Places : testing::Test {
    std::shared_ptr<const SearchSpace> space = std::make_shared<const SearchSpace>(training_space());
    Encoding encoding{space};

    Configuration configuration(std::vector<std::pair<std::string, Literal>> values) const {
        return space->from_literals(values);
    }
    Inputs row(const Configuration& of, Time treatment = Time::none, double time = 0, double horizon = 1) const {
        auto inputs = Encoding::rows(encoding.shape(false, treatment), 1);
        encoding.write(inputs, 0, of, space->to_unit(of), treatment, time, horizon);
        return inputs;
    }
};

TEST_F(Places, ShapeCountsNumbersCategoriesAndTime) {
    EXPECT_EQ(encoding.shape(true, Time::none), (Shape{.continuous = 4, .categorical = 2, .warped = 4}));
    EXPECT_EQ(encoding.shape(false, Time::dimension), (Shape{.continuous = 5, .categorical = 2}));
    EXPECT_EQ(encoding.shape(true, Time::decay),
              (Shape{.continuous = 4, .categorical = 2, .warped = 4, .decay = true}));
}

TEST_F(Places, InactiveParametersLieInTheMiddleOrAreALevelOfTheirOwn) {
    const auto adam = row(configuration({{"optimizer", std::string("adam")}, {"lr", 1e-3}}));
    const auto sgd = row(configuration({{"optimizer", std::string("sgd")}, {"lr", 1e-3}, {"momentum", 0.9}}));
    EXPECT_EQ(adam.x(0, 0), sgd.x(0, 0));
    EXPECT_EQ(adam.x(0, 1), 0.5);
    EXPECT_EQ(adam.levels(0, 0), 1);
    EXPECT_EQ(adam.levels(0, 1), -1);
    EXPECT_EQ(sgd.levels(0, 0), 0);
    EXPECT_GE(sgd.levels(0, 1), 0);
}

TEST_F(Places, TimeIsACoordinateOrAFactor) {
    const auto any = configuration({});
    EXPECT_EQ(row(any, Time::dimension, 3, 4).x(0, 4), 0.75);
    EXPECT_EQ(row(any, Time::decay, 3, 4).time[0], 3);
    EXPECT_EQ(row(any, Time::none, 3, 4).time.size(), 0);
}

TEST_F(Places, AChildKeepsWhatIsFixed) {
    const auto parent = configuration(
        {{"optimizer", std::string("sgd")}, {"lr", 1.23456789e-3}, {"momentum", 0.9}, {"batch", std::int64_t{77}}});
    const Inheritance child(*space, parent);
    Stream random(1, Purpose::test);
    bool lr_moved = false;
    for (int draw = 0; draw < 200; ++draw) {
        const auto found = child.realize(random_unit(random, space->size()));
        if (!found) continue;
        ASSERT_NO_THROW(space->validate(found->configuration));
        for (const auto at : {optimizer, batch, depth}) EXPECT_EQ(found->configuration[at], parent[at]);
        // Fixed, but its own condition may make it inactive.
        const auto& held = found->configuration[nesterov];
        EXPECT_TRUE(held == parent[nesterov] || held == Value(Inactive{}));
        lr_moved = lr_moved || found->configuration[lr] != parent[lr];
        EXPECT_EQ(found->unit, space->to_unit(found->configuration));
    }
    EXPECT_TRUE(lr_moved);
    EXPECT_TRUE(child.free(lr));
    EXPECT_FALSE(child.free(batch));
}

TEST_F(Places, FromScratchEverythingIsFreeAndForbiddenIsRefused) {
    const Inheritance any(*space, {});
    for (std::size_t at = 0; at < space->size(); ++at) EXPECT_TRUE(any.free(at));
    // sgd, momentum 0.99, nesterov
    EXPECT_FALSE(any.realize(std::vector<double>{0.5, 0.1, 0.9, 0.9, 0.5, 0.5, 0.5}));
    EXPECT_TRUE(any.realize(std::vector<double>{0.5, 0.1, 0.9, 0.1, 0.5, 0.5, 0.5}));
}

TEST(Targets, ADivergedTrialIsWorseThanTheWorst) {
    const std::vector<double> objectives{1, 3, INFINITY, 2, -1, NAN};
    for (const bool warp : {false, true}) {
        const auto result = targets(objectives, warp);
        EXPECT_GT(result[2], result[1]);
        EXPECT_EQ(result[2], result[5]);
        EXPECT_LT(result[4], result[0]);
    }
    // worst + range / 4 = 4, in the units of the others
    const auto plain = targets(objectives, false);
    EXPECT_NEAR((plain[2] - plain[1]) / (plain[1] - plain[3]), 1, 1e-9);
}

TEST(Targets, ExtremesStayFiniteAndOrdered) {
    const auto result = targets(std::vector<double>{1.7e308, -1.7e308, INFINITY}, true);
    EXPECT_TRUE(result.allFinite());
    EXPECT_LT(result[1], result[0]);
    EXPECT_LE(result[0], result[2]);
}

}  // namespace
}  // namespace stemma::gp::test
