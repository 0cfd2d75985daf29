#include "trainer/torch/lr_schedule.hpp"

#include <gtest/gtest.h>

namespace stemma {
namespace {

TEST(Schedule, ConstantIsOne) {
    EXPECT_EQ(lr_schedule_factor({}, 0, 1), 1);
    EXPECT_EQ(lr_schedule_factor({}, 1e9, 1), 1);
}

TEST(Schedule, WarmUpRisesLinearlyAndStartsAboveZero) {
    Hyperparameters h;
    h.warmup = 4;
    EXPECT_DOUBLE_EQ(lr_schedule_factor(h, 0, 1), 0.25);
    EXPECT_DOUBLE_EQ(lr_schedule_factor(h, 2, 1), 0.75);
    EXPECT_DOUBLE_EQ(lr_schedule_factor(h, 3, 1), 1);
    EXPECT_DOUBLE_EQ(lr_schedule_factor(h, 100, 1), 1);
}

TEST(Schedule, CosineFallsToZeroAtTheHorizonAndStaysThere) {
    Hyperparameters h;
    h.lr_schedule = "cosine";
    h.horizon = 10;
    EXPECT_DOUBLE_EQ(lr_schedule_factor(h, 0, 1), 1);
    EXPECT_NEAR(lr_schedule_factor(h, 5, 1), 0.5, 1e-12);
    EXPECT_EQ(lr_schedule_factor(h, 10, 1), 0);
    EXPECT_EQ(lr_schedule_factor(h, 50, 1), 0);
    h.warmup = 4;
    EXPECT_NEAR(lr_schedule_factor(h, 7, 1), 0.5, 1e-12);
}

TEST(Schedule, StepDropsAtEachMultiple) {
    Hyperparameters h;
    h.lr_schedule = "step";
    h.step_size = 3;
    h.step_gamma = 0.5;
    EXPECT_DOUBLE_EQ(lr_schedule_factor(h, 2.9, 0.1), 1);
    EXPECT_DOUBLE_EQ(lr_schedule_factor(h, 3 - 1e-12, 0.1), 0.5);
    EXPECT_DOUBLE_EQ(lr_schedule_factor(h, 7, 0.1), 0.25);
}

}  // namespace
}  // namespace stemma
