// Members whose hyperparameters move, through the trainer: learning, trajectories, snapshots, inheritance, errors.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <filesystem>

#include "core/error.hpp"
#include "trainer/torch/torch_trainer.hpp"
#include "unit/torch/training.hpp"

namespace stemma {
namespace {

using namespace test;
using testing::AllOf;
using testing::HasSubstr;
using testing::NanSensitiveDoubleEq;
using testing::Pointwise;
using testing::ThrowsMessage;
const bool has_images = std::filesystem::exists("/usr/share/datasets/fashion-mnist");

const Point slow{{"lr", 1e-3}, {"weight_decay", 1e-5}, {"momentum", 0.5}};

TorchSettings energy(const std::string& variant, const std::string& unit = "step", const Fixed& more = {}) {
    TorchSettings settings;
    settings.data = "csv";
    settings.path = STEMMA_TEST_DATA "/uci_energy/energy.csv";
    settings.split = "rows";
    settings.valid = 0.2;
    settings.unit = unit;
    settings.fixed = {{"layers", std::int64_t{1}}, {"width", std::int64_t{16}}, {"batch_size", std::int64_t{100}}};
    for (const auto& [name, value] : more) settings.fixed[name] = value;
    settings.hypergradient = HypergradientSettings{.variant = variant};
    return settings;
}

TEST(MovingMember, LearnsFasterThanWithoutAndTellsHow) {
    auto slower = slow;
    slower[0].second = 1e-4;
    Training moving(sgd_space(), energy("wd_lr_m"), slower), still(sgd_space(), energy("random"), slower);

    const auto moved = moving.train(0, 600), stood = still.train(0, 600);

    EXPECT_LT(moving.value(moved.rows.back(), "valid_loss"), 0.5 * still.value(stood.rows.back(), "valid_loss"));
    EXPECT_GT(moving.value(moved.rows.back(), "hyper_lr"), 1e-3);
    EXPECT_NEAR(still.value(stood.rows.back(), "hyper_lr"), 1e-4, 1e-9);
    std::int64_t points = 0;
    for (const auto& row : moved.rows) {
        if (!std::isnan(moving.value(row, "valid_loss"))) continue;
        ++points;
        EXPECT_EQ(moving.value(row, "hyper_step"), 10 * points);
        EXPECT_EQ(moving.value(row, "hyper_steps"), points);
        EXPECT_GT(moving.value(row, "hypergradient_norm"), 0);
        EXPECT_NEAR(std::pow(10, moving.value(row, "hyper_raw_lr")), moving.value(row, "hyper_lr"), 1e-9);
    }
    EXPECT_EQ(points, 60);
    EXPECT_FALSE(std::isnan(moving.value(moved.rows.back(), "valid_loss")));
    EXPECT_TRUE(std::ranges::is_sorted(moved.rows, {}, &MetricRow::resource));
    for (const auto& metric : moving.trainer->metrics())
        EXPECT_EQ(metric.held_out, metric.name.starts_with("hyper") || metric.name.starts_with("test")) << metric.name;
}

TEST(MovingMember, GoesOnBitForBitFromAnyStep) {
    const Fixed noisy{{"dropout", 0.2}, {"batch_norm", true}};
    for (const auto& variant : hypergradient_variants()) {
        auto settings = energy(variant, "step", noisy);
        settings.hypergradient->reset = variant == "unrolled";
        Training training(sgd_space(), settings, slow);
        const auto whole = training.train(0, 23);
        for (const Resource cut : {3, 7, 9, 10, 18}) {
            const auto first = training.train(0, cut);
            const auto second = training.train(cut, 23, &first.snapshot);
            EXPECT_TRUE(equal_content(second.snapshot, whole.snapshot)) << variant << " cut after " << cut;
            EXPECT_THAT(second.rows.back().values, Pointwise(NanSensitiveDoubleEq(), whole.rows.back().values))
                << variant << " cut after " << cut;
        }
    }
}

TEST(MovingMember, GoesOnBitForBitBetweenEpochs) {
    Training training(sgd_space(), energy("wd_hdlr_m", "epoch"), slow);
    const auto whole = training.train(0, 5);
    const auto first = training.train(0, 2);
    EXPECT_TRUE(equal_content(training.train(2, 5, &first.snapshot).snapshot, whole.snapshot));
    EXPECT_LT(training.value(whole.rows.back(), "hyper_lr_low"), training.value(whole.rows.back(), "hyper_lr_high"));
}

TEST(MovingMember, ChildrenInheritWhatMoved) {
    Training parent(sgd_space(), energy("wd_lr_m"), slow);
    const auto trained = parent.train(0, 105);
    const double moved = parent.value(trained.rows.back(), "hyper_lr");
    ASSERT_GT(moved, 1.2e-3);
    const auto lr_after_one = [&](Training& child) {
        return child.value(child.train(105, 106, &trained.snapshot, true).rows.back(), "hyper_lr");
    };
    Training same(sgd_space(), energy("wd_lr_m"), slow);
    EXPECT_EQ(lr_after_one(same), moved);
    auto higher = slow;
    higher[0].second = 1.2e-3;
    Training perturbed(sgd_space(), energy("wd_lr_m"), higher);
    EXPECT_NEAR(lr_after_one(perturbed), 1.2 * moved, 1e-6 * moved);
    auto settings = energy("wd_lr_m");
    settings.inherit_optimizer = false;
    Training afresh(sgd_space(), settings, slow);
    EXPECT_EQ(lr_after_one(afresh), moved);
}

TEST(MovingMember, AdamsBetasMove) {
    const auto space = std::make_shared<const SearchSpace>(
        std::vector<Parameter>{real("lr", 1e-6, 1e-1, Scale::log), real("one_minus_beta1", 1e-3, 0.9, Scale::log),
                               real("beta2", 0.5, 0.9999, Scale::linear)});
    for (const auto* optimizer : {"adam", "adamw"}) {
        auto settings = energy("wd_lr_m", "step", {{"optimizer", std::string(optimizer)}, {"amsgrad", true}});
        settings.hypergradient->bounds = true;
        Training training(space, settings, {{"lr", 1e-3}, {"one_minus_beta1", 0.1}, {"beta2", 0.99}});
        const auto trained = training.train(0, 300);
        const auto& last = trained.rows.back();
        EXPECT_LT(training.value(last, "valid_loss"), 0.3) << optimizer;
        EXPECT_GT(std::abs(training.value(last, "hyper_momentum") - 0.9), 1e-3);
        EXPECT_GT(std::abs(training.value(last, "hyper_beta2") - 0.99), 1e-4);
        EXPECT_LE(training.value(last, "hyper_momentum"), 0.999);
        EXPECT_LE(training.value(last, "hyper_lr"), 1e-1);
    }
}

TEST(MovingMember, AChildMayTurnAmsgradOn) {
    const auto space = std::make_shared<const SearchSpace>(std::vector<Parameter>{real("lr", 1e-6, 1e-1, Scale::log)});
    const Fixed adam{{"optimizer", "adam"}};
    Training parent(space, energy("wd_lr", "step", adam), {{"lr", 1e-3}});
    const auto trained = parent.train(0, 25);
    auto settings = energy("wd_lr", "step", adam);
    settings.fixed["amsgrad"] = true;
    Training child(space, settings, {{"lr", 1e-3}});
    const auto went_on = child.train(25, 45, &trained.snapshot, true);
    EXPECT_LT(child.value(went_on.rows.back(), "valid_loss"), parent.value(trained.rows.back(), "valid_loss"));
    EXPECT_NE(went_on.snapshot.find("hypergradient/moments/second_most"), nullptr);
}

/// A child that finished its parent's unfinished window would use its own dropout. The weights would then follow from
/// no training.
TEST(MovingMember, AChildStartsFromItsParentsWeightsInTheMiddleOfAWindowToo) {
    Training parent(sgd_space(), energy("diff_through_opt", "step"), slow);
    const auto trained = parent.train(0, 8);  // the window is of updates 6 to 10
    auto still = slow;
    still[0].second = 1e-6;  // hardly moves
    Training child(sgd_space(), energy("diff_through_opt", "step", {{"dropout", 0.9}}), still);
    const auto went_on = child.train(8, 9, &trained.snapshot, true);
    EXPECT_NEAR(child.value(went_on.rows.back(), "valid_loss"), parent.value(trained.rows.back(), "valid_loss"), 1e-4);
}

TEST(MovingMember, TellsWhatRobustnessSettingsDidInThisTraining) {
    auto settings = energy("wd_lr_m");
    settings.hypergradient->log_every = 100;
    settings.hypergradient->clip_norm = 1e-12;
    Training training(sgd_space(), settings, slow);
    const auto first = training.train(0, 25);
    EXPECT_EQ(first.note, "hypergradients: 2 clipped to clip_norm");
    EXPECT_EQ(training.train(25, 30, &first.snapshot).note, "hypergradients: 1 clipped to clip_norm");
    EXPECT_EQ(training.train(25, 29, &first.snapshot).note, "");
    settings.hypergradient->clip_norm = 0;
    settings.hypergradient->bounds = true;
    auto high = slow;
    high[2].second = 0.99;
    Training bounded(sgd_space(), settings, high);
    EXPECT_THAT(bounded.train(0, 30).note, HasSubstr("stopped at a bound"));
}

TEST(MovingMember, ConvolutionsAndDropout) {
    if (!has_images) GTEST_SKIP() << "needs the package dataset-fashion-mnist";
    TorchSettings settings;
    settings.model = "lenet";
    settings.valid = 400;
    settings.test = 200;
    settings.train_rows = 1500;
    settings.fixed = {{"batch_size", std::int64_t{50}}, {"dropout", 0.1}};
    for (const auto* variant : {"wd_lr_m", "wd_hdlr_m", "diff_through_opt"}) {
        settings.hypergradient = HypergradientSettings{.variant = variant, .log_every = 2};
        Training training(sgd_space(), settings, {{"lr", 0.01}, {"weight_decay", 1e-4}, {"momentum", 0.8}});
        const auto trained = training.train(0, 3);
        EXPECT_EQ(trained.rows.size(), 3U + 4U) << variant;  // 90 updates, 9 hyper-steps, every second one logged
        EXPECT_LT(training.value(trained.rows.back(), "valid_loss"), 2) << variant;  // 2.3 is a guess
        EXPECT_NE(training.value(trained.rows.back(), "hyper_momentum"), 0.8);
    }
}

/// Its window is recomputed by hand, with the generator's state of then.
TEST(MovingMember, ALeNetGoesOnBitForBit) {
    if (!has_images) GTEST_SKIP() << "needs the package dataset-fashion-mnist";
    TorchSettings settings;
    settings.model = "lenet";
    settings.unit = "step";
    settings.valid = 100;
    settings.test = 100;
    settings.train_rows = 300;
    settings.fixed = {{"batch_size", std::int64_t{50}}, {"dropout", 0.2}};
    for (const auto* variant : {"wd_lr_m", "diff_through_opt"}) {
        settings.hypergradient = HypergradientSettings{.variant = variant};
        Training training(sgd_space(), settings, {{"lr", 0.01}, {"weight_decay", 1e-4}, {"momentum", 0.8}});
        const auto whole = training.train(0, 23);
        for (const Resource cut : {8, 10, 19}) {
            const auto first = training.train(0, cut);
            EXPECT_TRUE(equal_content(training.train(cut, 23, &first.snapshot).snapshot, whole.snapshot))
                << variant << " cut after " << cut;
        }
    }
}

TEST(MovingMember, RowsWithoutAHypergradientAreTrainedOn) {
    auto settings = energy("wd_lr_m", "epoch", {{"batch_size", std::int64_t{1}}});
    settings.hypergradient->log_every = 1000;
    Training moving(sgd_space(), settings, slow);
    settings.hypergradient->variant = "random";
    Training still(sgd_space(), settings, slow);
    const double updates = moving.value(moving.train(0, 1).rows.back(), "hyper_step"),
                 more = still.value(still.train(0, 1).rows.back(), "hyper_step");
    EXPECT_EQ(more - updates, 77);  // half of the validation rows, 20 % of 768
}

TEST(MovingMember, WhatDoesNotFitIsRefused) {
    const auto refusal = [](const TorchSettings& settings, std::vector<Parameter> parameters) {
        const auto space = std::make_shared<const SearchSpace>(std::move(parameters));
        return [=] { check_torch_settings(settings, *space); };
    };
    const auto lr = real("lr", 1e-6, 1e-1, Scale::log);
    EXPECT_THAT(refusal(energy("wd_lr_n"), {lr}), ThrowsMessage<UserError>(HasSubstr("got wd_lr_n")));
    EXPECT_THAT(refusal(energy("lorraine"), {lr}), ThrowsMessage<UserError>(HasSubstr("nothing to move")));
    EXPECT_NO_THROW(refusal(energy("wd_lr"), {lr, real("momentum", 0, 0.9, Scale::linear)})());
    EXPECT_THAT(refusal(energy("wd_lr_m"), {lr, real("dropout", 0, 0.9, Scale::linear)}),
                ThrowsMessage<UserError>(HasSubstr("space.dropout.role")));
    EXPECT_THAT(refusal(energy("wd_lr_m"), {real("lr", 1e-6, 1e-1, Scale::log, Role::fixed)}),
                ThrowsMessage<UserError>(HasSubstr("nothing to move")));
    EXPECT_NO_THROW(refusal(energy("random"), {lr})());
    auto settings = energy("wd_lr_m");
    settings.hypergradient->split = 0.001;
    EXPECT_THAT([&] { make_torch_trainer(settings, sgd_space()); },
                ThrowsMessage<UserError>(HasSubstr("leaves none on one side")));
    EXPECT_THAT(refusal(energy("wd_lr_m", "step", {{"nesterov", true}}), {lr}),
                ThrowsMessage<UserError>(HasSubstr("nesterov")));
    EXPECT_THAT(refusal(energy("wd_lr_m", "step", {{"lr_schedule", "cosine"}}), {lr}),
                ThrowsMessage<UserError>(HasSubstr("trainer.lr_schedule")));
    EXPECT_THAT(refusal(energy("wd_lr_m", "step", {{"warmup", 1.0}}), {lr}),
                ThrowsMessage<UserError>(HasSubstr("trainer.warmup")));
    EXPECT_THAT(refusal(energy("wd_lr_m"), {real("lr", 1e-6, 10, Scale::log)}),
                ThrowsMessage<UserError>(HasSubstr("space.lr.high must be <= 1")));
    EXPECT_THAT(refusal(energy("wd_lr_m"), {real("lr", 1e-12, 1e-1, Scale::log)}),
                ThrowsMessage<UserError>(AllOf(HasSubstr("space.lr.low must be >= 1e-10"), HasSubstr("got 1e-12"))));
    EXPECT_NO_THROW(refusal(energy("wd_lr_m"), {real("lr", 1e-10, 1, Scale::log)})());
    settings = energy("wd_lr_m");
    settings.hypergradient->reset = true;
    EXPECT_THAT(refusal(settings, {lr}), ThrowsMessage<UserError>(HasSubstr("unrolled")));
    for (const auto* variant : {"baydin", "diff_through_opt"}) {
        settings = energy(variant);
        settings.hypergradient->truncate = true;
        EXPECT_THAT(refusal(settings, {lr}), ThrowsMessage<UserError>(HasSubstr("hypergradient.truncate")));
        settings = energy(variant);
        settings.hypergradient->damping = 0.5;
        EXPECT_THAT(refusal(settings, {lr}), ThrowsMessage<UserError>(HasSubstr("hypergradient.damping")));
        settings = energy(variant);
        settings.hypergradient->clip_norm = 1;
        EXPECT_NO_THROW(refusal(settings, {lr})());
    }
    settings = energy("random_x_lr");
    settings.hypergradient->clip_norm = 1;
    EXPECT_THAT(refusal(settings, {lr}), ThrowsMessage<UserError>(HasSubstr("hypergradient.clip_norm")));
    Parameter nesterov{"nesterov", Categorical{{false, true}}, Role::fixed, {}, {}};
    const auto space = std::make_shared<const SearchSpace>(std::vector<Parameter>{lr, nesterov});
    Training either(space, energy("wd_lr"), {{"lr", 1e-3}, {"nesterov", true}});
    EXPECT_THAT([&] { either.train(0, 1); }, ThrowsMessage<std::runtime_error>(HasSubstr("nesterov")));
}

}  // namespace
}  // namespace stemma
