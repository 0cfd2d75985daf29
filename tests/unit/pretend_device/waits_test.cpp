// How often training waits for its device. A wait is item(), a blocking copy, or a result whose size depends on data.

#include <gtest/gtest.h>

#include "contract/trainer/torch_cases.hpp"
#include "support/pretend_device/pretend_device.hpp"
#include "unit/torch/training.hpp"

namespace stemma {
namespace {

using test::pretend::Counts;
using torch_cases::Case;
using torch_cases::Fixed;

/// What a training of so many steps costs, with one row of metrics and one snapshot at its end.
Counts cost(test::Training& training, Resource steps) {
    const auto before = test::pretend::counts();
    training.train(0, steps);
    const auto after = test::pretend::counts();
    return {after.launches - before.launches, after.to_device - before.to_device, after.to_host - before.to_host,
            after.items - before.items, after.waits - before.waits};
}

/// What `steps` further steps cost within one epoch. Start, metrics and snapshot are left out.
Counts cost_of_steps(std::shared_ptr<const SearchSpace> space, TorchSettings settings, const test::Point& point,
                     Resource from, Resource to) {
    settings.device = test::pretend::first;
    settings.unit = "step";
    test::Training training(std::move(space), settings, point);
    const auto shorter = cost(training, from), longer = cost(training, to);
    return {longer.launches - shorter.launches, longer.to_device - shorter.to_device, longer.to_host - shorter.to_host,
            longer.items - shorter.items, longer.waits - shorter.waits};
}

class Waits : public testing::TestWithParam<Case> {};

TEST_P(Waits, NoPlainStepWaits) {
    auto settings = GetParam().settings;
    settings.fixed["batch_size"] = std::int64_t{16};
    if (settings.model == "lstm") settings.fixed["sequence"] = std::int64_t{5};
    for (const double clip : {0.0, 0.01}) {
        settings.fixed["gradient_clip"] = clip;
        const auto steps = cost_of_steps(GetParam().space, settings, GetParam().values(), 1, 3);
        EXPECT_GT(steps.launches, 0);
        EXPECT_EQ(steps.waits, 0) << "gradient_clip = " << clip;
        EXPECT_EQ(steps.to_device + steps.to_host + steps.items, 0) << "gradient_clip = " << clip;
    }
}

INSTANTIATE_TEST_SUITE_P(Torch, Waits, testing::ValuesIn(torch_cases::cases_of_one_unit()), torch_cases::name_of);

test::Point start() { return {{"lr", 1e-3}, {"weight_decay", 1e-4}, {"momentum", 0.5}}; }

TorchSettings moving(const std::string& variant, std::int64_t interval) {
    auto settings = torch_cases::table();
    settings.train_rows = 0;
    settings.fixed = {{"batch_size", std::int64_t{8}}, {"layers", std::int64_t{1}}, {"width", std::int64_t{8}}};
    settings.hypergradient = HypergradientSettings{.variant = variant, .interval = interval, .window = 2};
    settings.hypergradient->log_every = 1000;
    return settings;
}

TEST(MovingWaits, NeitherStepsNorHyperStepsWait) {
    for (const auto& variant : hypergradient_variants()) {
        EXPECT_EQ(cost_of_steps(test::sgd_space(), moving(variant, 4), start(), 8, 16).waits, 0) << variant;
        EXPECT_EQ(cost_of_steps(test::sgd_space(), moving(variant, 20), start(), 20, 60).waits, 0) << variant;
    }
}

TEST(MovingWaits, AHyperStepWhosePointIsRecordedWaitsOnce) {
    for (const auto& variant : hypergradient_variants()) {
        auto settings = moving(variant, 4);
        settings.hypergradient->log_every = 1;
        const auto steps = cost_of_steps(test::sgd_space(), settings, start(), 8, 16);
        EXPECT_EQ(steps.waits, variant == "baydin" ? 8 : 2) << variant;
    }
}

TEST(MovingWaits, RobustnessSettingsDoNotWait) {
    for (const std::string variant : {"wd_lr_m", "unrolled"}) {
        auto settings = moving(variant, 4);
        auto& more = *settings.hypergradient;
        more.gradient_clip = 0.01;
        more.skip_nonfinite = more.bounds = true;
        more.clip_norm = 0.01;
        more.truncate = variant == "wd_lr_m";
        more.damping = variant == "wd_lr_m" ? 0.5 : 1;
        more.settle = 1e-9;
        more.settle_steps = 1000;
        EXPECT_EQ(cost_of_steps(test::sgd_space(), settings, start(), 8, 16).waits, 0) << variant;
    }
}

TEST(MovingWaits, AWindowOfSettlingWaitsOnce) {
    auto settings = moving("wd_lr_m", 4);
    settings.hypergradient->settle = 1e-9;
    settings.hypergradient->settle_steps = 2;
    EXPECT_EQ(cost_of_steps(test::sgd_space(), settings, start(), 8, 16).waits, 1);
}

}  // namespace
}  // namespace stemma
