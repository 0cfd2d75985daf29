// Configurations trained from several seeds: their mean counts.
#include "manager/repeats.hpp"

#include <cmath>

#include "core/rng.hpp"
#include "unit/manager/harness.hpp"

namespace stemma::test {
namespace {

constexpr double nan = std::numeric_limits<double>::quiet_NaN();

/// Two configurations, a and b, with two members each: 0 and 2 of a, 1 and 3 of b.
class Repeats : public ::testing::Test {
protected:
    explicit Repeats(ManagerSettings settings = {.repeats = 2, .durable = DurablePolicy::none})
        : harness(std::move(settings)) {
        harness.scheduler->work = {action::Create{1}, action::Create{1}, action::Create{.to = 1, .same_as = {0}},
                                   action::Create{.to = 1, .same_as = {1}}};
        harness.start(4);
    }
    std::optional<Best> best() const { return harness.manager->best(); }
    Harness harness;
};

TEST_F(Repeats, TheBestMeanIsTheBestAndNotTheLuckiestSeed) {
    harness.report(1, 0, 1, 0.1);
    EXPECT_FALSE(best()) << "one seed is no result";
    harness.report(3, 2, 1, 0.9);
    ASSERT_TRUE(best());
    EXPECT_DOUBLE_EQ(best()->metric, 0.5);
    harness.report(2, 1, 1, 0.3);
    const auto effects = harness.report(4, 3, 1, 0.2);
    EXPECT_EQ(best()->member, MemberId{3}) << "of the better configuration the better seed";
    EXPECT_DOUBLE_EQ(best()->metric, 0.25);
    EXPECT_DOUBLE_EQ(best()->metrics[0], 0.25);
    EXPECT_NEAR(best()->spreads[0], 0.1 / std::sqrt(2.0), 1e-15);
    EXPECT_TRUE(noted(effects, EventKind::new_best));
}

TEST_F(Repeats, AConfigurationWithASeedThatDivergesHasDiverged) {
    harness.report(1, 0, 1, 0.1);
    harness.report(3, 2, 1, nan);
    harness.fail(2, 1, FailureKind::nonfinite);
    harness.report(4, 3, 1, 0.1);
    EXPECT_FALSE(best());
}

class RepeatsWithTarget : public Repeats {
protected:
    RepeatsWithTarget() : Repeats({.budget = {.target = 0.3}, .repeats = 2, .durable = DurablePolicy::none}) {}
};

TEST_F(RepeatsWithTarget, TheTargetIsMetByAMean) {
    harness.report(1, 0, 1, 0.1);
    harness.report(3, 2, 1, 0.9);
    EXPECT_FALSE(harness.manager->ended()) << "0.1 is one seed's, the mean is 0.5";
    harness.report(2, 1, 1, 0.25);
    const auto effects = harness.report(4, 3, 1, 0.35);
    EXPECT_EQ(only<effect::Ended>(effects).reason, EndReason::target);
}

TEST(MeanAndSpread, DoNotOverflow) {
    for (const double large : {1e300, 1.7e308, 1e-300, 5e-324, 1.0}) {
        const double same[] = {large, large, large};
        EXPECT_DOUBLE_EQ(mean_and_spread(same).mean, large);
        EXPECT_EQ(mean_and_spread(same).spread, 0);
        const double mixed[] = {large, -large};
        EXPECT_EQ(mean_and_spread(mixed).mean, 0);
        EXPECT_GE(mean_and_spread(mixed).spread, large);
    }
    const double one_is_not[] = {1, nan};
    EXPECT_TRUE(std::isnan(mean_and_spread(one_is_not).mean));
    EXPECT_EQ(mean_and_spread(std::vector{3.0}).spread, 0);
}

}  // namespace
}  // namespace stemma::test
