#include "platform/attentive_clock.hpp"

#include <gtest/gtest.h>

namespace stemma {
namespace {

TEST(AttentiveClock, CountsWhatPassesBetweenLooksUpToABound) {
    double world = 1e6;
    AttentiveClock clock(20, 1, [&] { return world; });
    EXPECT_DOUBLE_EQ(clock.now(), 20);
    world += 0.25;
    EXPECT_DOUBLE_EQ(clock.now(), 20.25);
    world += 1;
    EXPECT_DOUBLE_EQ(clock.now(), 21.25);
    EXPECT_EQ(clock.pauses(), 0U);
    world += 3600;
    EXPECT_DOUBLE_EQ(clock.now(), 22.25);
    EXPECT_EQ(clock.pauses(), 1U);
    EXPECT_DOUBLE_EQ(clock.now(), 22.25);
    world += 0.5;
    EXPECT_DOUBLE_EQ(clock.now(), 22.75);
    EXPECT_EQ(clock.pauses(), 1U);
}

TEST(AttentiveClock, NeverGoesBack) {
    double world = 100;
    AttentiveClock clock(0, 1, [&] { return world; });
    world = 99;
    EXPECT_DOUBLE_EQ(clock.now(), 0);
    world = 100.5;
    EXPECT_DOUBLE_EQ(clock.now(), 0.5) << "what had been counted already is not counted again";
}

}  // namespace
}  // namespace stemma
