#include "trainer/torch/torch_trainer.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <filesystem>

#include "core/error.hpp"
#include "core/page_lock.hpp"

namespace stemma {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::ThrowsMessage;
using Fixed = std::map<std::string, Literal>;

const bool has_images = std::filesystem::exists("/usr/share/datasets/fashion-mnist");

TorchSettings table(const Fixed& fixed = {}) {
    TorchSettings settings;
    settings.data = "csv";
    settings.path = STEMMA_TEST_DATA "/uci_energy/energy.csv";
    settings.split = "rows";
    settings.fixed = fixed;
    return settings;
}

TorchSettings lenet(const Fixed& fixed = {}) {
    TorchSettings settings;
    settings.model = "lenet";
    settings.valid = 500;
    settings.test = 500;
    settings.train_rows = 2000;
    settings.fixed = fixed;
    return settings;
}

const auto empty_space = std::make_shared<const SearchSpace>();

TrainResult train(const TorchSettings& settings, Resource to, Resource from = 0, const Snapshot* start = nullptr,
                  bool adopted = false) {
    return make_torch_trainer(settings, empty_space)
        ->train({.member = {0},
                 .configuration = {*empty_space, {}},
                 .seed = 3,
                 .from = from,
                 .to = to,
                 .start = start,
                 .adopted = adopted});
}

TrainFailure failure_of(const TorchSettings& settings) {
    const auto result = train(settings, 1);
    const auto* failure = std::get_if<TrainFailure>(&result);
    EXPECT_NE(failure, nullptr);
    return failure == nullptr ? TrainFailure{.kind = FailureKind::none} : *failure;
}

double metric(const TorchSettings& settings, const TrainResult& result, const std::string& name) {
    const auto metrics = torch_metrics(settings);
    for (std::size_t index = 0; index < metrics.size(); ++index) {
        if (metrics[index].name == name) return std::get<Trained>(result).rows.back().values[index];
    }
    ADD_FAILURE() << name;
    return NAN;
}

TEST(TorchTrainer, LearnsATable) {
    const auto settings = table({{"optimizer", "adam"}, {"lr", 0.01}, {"batch_size", std::int64_t{64}}});

    const auto result = train(settings, 40);

    EXPECT_LT(metric(settings, result, "valid_loss"), 0.05);
    EXPECT_LT(metric(settings, result, "test_loss"), 0.05);
    EXPECT_LT(metric(settings, result, "valid_rmse"), 2.5);  // kWh/m2; the target's standard deviation is 10
}

TEST(TorchTrainer, LearnsImages) {
    if (!has_images) GTEST_SKIP() << "needs the package dataset-fashion-mnist";
    const auto settings = lenet({{"optimizer", "adam"}, {"lr", 0.003}, {"batch_size", std::int64_t{50}}});

    const auto result = train(settings, 4);

    EXPECT_GT(metric(settings, result, "valid_accuracy"), 0.6);
    EXPECT_GT(metric(settings, result, "test_accuracy"), 0.6);
}

std::map<std::string, double> baselines(const TorchSettings& settings) {
    std::map<std::string, double> found;
    const auto trainer = make_torch_trainer(settings, empty_space);
    for (const auto& metric : trainer->metrics()) found[metric.name] = metric.baseline;
    return found;
}

TEST(TorchTrainer, SaysWhatTheBestConstantPredictionReaches) {
    auto known = baselines(table());
    EXPECT_NEAR(known["valid_loss"], 1, 0.4) << "standardized by the training rows";
    EXPECT_NEAR(known["valid_rmse"], 10 * std::sqrt(known["valid_loss"]), 1) << "the target's deviation is about 10";
    EXPECT_TRUE(std::isnan(known["test_loss"])) << "held out";
}

TEST(TorchTrainer, TheFusedBlockTrainsAsTheComposedOperationsDo) {
    if (!has_images) GTEST_SKIP() << "needs the package dataset-fashion-mnist";
    auto settings = lenet({{"lr", 0.05}, {"batch_size", std::int64_t{100}}});
    const auto fused = metric(settings, train(settings, 1), "train_loss");
    settings.fused = false;
    EXPECT_NEAR(metric(settings, train(settings, 1), "train_loss"), fused, 1e-4);
}

TEST(TorchTrainer, SnapshotHasNamedArrays) {
    const auto result = train(table({{"optimizer", "adamw"}, {"batch_norm", true}, {"layers", std::int64_t{1}}}), 1);

    const auto& snapshot = std::get<Trained>(result).snapshot;

    const auto* weight = snapshot.find("model/linear1.weight");
    ASSERT_NE(weight, nullptr);
    EXPECT_EQ(weight->shape, (std::vector<std::int64_t>{128, 8}));
    EXPECT_EQ(weight->type, DType::f32);
    for (const auto* name :
         {"model/output.bias", "model/norm1.running_mean", "model/norm1.num_batches_tracked", "optimiser/0/exp_avg",
          "optimiser/0/exp_avg_sq", "optimiser/0/step", "training/position"}) {
        EXPECT_NE(snapshot.find(name), nullptr) << name;
    }
}

TEST(TorchTrainer, HyperparametersMatter) {
    const std::vector<Fixed> variants = {{},
                                         {{"lr", 0.01}},
                                         {{"weight_decay", 0.1}},
                                         {{"momentum", 0.9}},
                                         {{"momentum", 0.9}, {"nesterov", true}},
                                         {{"batch_size", std::int64_t{32}}},
                                         {{"optimizer", "adam"}},
                                         {{"optimizer", "adam"}, {"beta1", 0.5}},
                                         {{"optimizer", "adam"}, {"beta2", 0.5}},
                                         {{"optimizer", "adam"}, {"eps", 0.1}},
                                         {{"optimizer", "adam"}, {"amsgrad", true}, {"beta2", 0.2}},
                                         {{"optimizer", "adamw"}, {"weight_decay", 0.1}},
                                         {{"warmup", 2.0}},
                                         {{"lr_schedule", "cosine"}, {"horizon", 2.0}},
                                         {{"lr_schedule", "step"}, {"step_size", 1.0}},
                                         {{"layers", std::int64_t{1}}},
                                         {{"layers", std::int64_t{0}}},
                                         {{"width", std::int64_t{64}}},
                                         {{"activation", "tanh"}},
                                         {{"activation", "gelu"}},
                                         {{"activation", "silu"}},
                                         {{"dropout", 0.5}},
                                         {{"dropout", 1.0}},
                                         {{"batch_norm", true}}};
    std::vector<double> losses;
    for (const auto& fixed : variants) losses.push_back(metric(table(), train(table(fixed), 2), "valid_loss"));
    for (std::size_t a = 0; a < losses.size(); ++a) {
        for (std::size_t b = 0; b < a; ++b) EXPECT_NE(losses[a], losses[b]) << "variants " << b << " and " << a;
    }
}

TEST(TorchTrainer, ADivergedTrainingIsANonfiniteFailure) {
    const auto failure = failure_of(table({{"lr", 1e6}, {"layers", std::int64_t{4}}, {"batch_size", std::int64_t{8}}}));
    EXPECT_EQ(failure.kind, FailureKind::nonfinite) << failure.message;
    EXPECT_EQ(failure.reached, 0);
}

TEST(TorchTrainer, WhatCannotBeTrainedIsAnInfeasibleFailure) {
    EXPECT_EQ(failure_of(table({{"width", std::int64_t{0}}})).kind, FailureKind::infeasible);
    EXPECT_EQ(failure_of(table({{"batch_norm", true}, {"batch_size", std::int64_t{1}}})).kind, FailureKind::infeasible);
    const auto wrong_kind = failure_of(table({{"lr", "fast"}}));
    EXPECT_EQ(wrong_kind.kind, FailureKind::infeasible);
    EXPECT_THAT(wrong_kind.message, HasSubstr("lr"));
}

TEST(TorchTrainer, WhatExceedsMemoryIsRefusedBeforeItHurts) {
    const auto failure = failure_of(table({{"width", std::int64_t{1000000}}, {"layers", std::int64_t{3}}}));
    EXPECT_THAT(failure.kind, testing::AnyOf(FailureKind::infeasible, FailureKind::out_of_memory));
    EXPECT_THAT(failure.message, HasSubstr("GB"));
}

TEST(TorchTrainer, AnotherModelsSnapshotIsRefused) {
    const auto small = train(table({{"width", std::int64_t{16}}}), 1);
    const auto result = train(table({{"width", std::int64_t{17}}}), 2, 1, &std::get<Trained>(small).snapshot);
    const auto* failure = std::get_if<TrainFailure>(&result);
    ASSERT_NE(failure, nullptr);
    EXPECT_EQ(failure->kind, FailureKind::snapshot_unavailable);
    EXPECT_THAT(failure->message, HasSubstr("another shape"));
}

TEST(TorchTrainer, AChildMayGoOnWithAnotherOptimizer) {
    const auto parent = train(table({{"optimizer", "sgd"}, {"momentum", 0.9}}), 1);
    const auto child = train(table({{"optimizer", "adam"}}), 2, 1, &std::get<Trained>(parent).snapshot);
    ASSERT_TRUE(std::holds_alternative<Trained>(child));
    EXPECT_EQ(std::get<Trained>(parent).note, "");
    EXPECT_EQ(std::get<Trained>(child).note, "the parent had another optimizer: new moments");
    const auto grandchild =
        train(table({{"optimizer", "adam"}, {"amsgrad", true}}), 3, 2, &std::get<Trained>(child).snapshot);
    EXPECT_TRUE(std::holds_alternative<Trained>(grandchild));
}

TEST(TorchTrainer, AChildHasItsParentsMomentsOrNewOnesAndAMemberThatGoesOnItsOwn) {
    auto settings = table({{"momentum", 0.9}});
    const auto first = train(settings, 1);
    const auto& snapshot = std::get<Trained>(first).snapshot;
    const auto loss = [&](bool adopted) {
        return metric(settings, train(settings, 2, 1, &snapshot, adopted), "train_loss");
    };
    const auto went_on = loss(false);
    EXPECT_EQ(loss(true), went_on);
    settings.inherit_optimizer = false;
    EXPECT_EQ(loss(false), went_on);
    EXPECT_NE(loss(true), went_on);
}

TEST(TorchTrainer, TheTestSetDoesNotInfluenceTraining) {
    auto settings = table();
    settings.valid = 77;
    settings.test = 77;
    const auto other = [&] {
        auto changed = settings;
        changed.test = 20;
        changed.train_rows = 768 - 77 - 77;
        changed.valid = 77;
        return changed;
    }();
    // By rows the training rows come first in both; only the last rows differ in their use.
    EXPECT_EQ(metric(settings, train(settings, 1), "train_loss"), metric(settings, train(other, 1), "train_loss"));
}

TEST(TorchTrainer, SplitsByRowAndByPermutationDiffer) {
    auto permuted = table();
    permuted.split = "permuted";
    auto reseeded = permuted;
    reseeded.run_seed = 1;
    const auto loss = [](const TorchSettings& settings) { return metric(settings, train(settings, 1), "valid_loss"); };
    EXPECT_NE(loss(table()), loss(permuted));
    EXPECT_NE(loss(permuted), loss(reseeded));
    EXPECT_EQ(loss(permuted), loss(permuted));
}

TEST(TorchTrainer, UserErrorsSayWhatWhereAndWhatToDo) {
    const auto refuses = [](const TorchSettings& settings, auto text) {
        EXPECT_THAT([&] { make_torch_trainer(settings, empty_space); }, ThrowsMessage<UserError>(text));
    };
    auto settings = table();
    settings.path = "nowhere.csv";
    refuses(settings, HasSubstr("nowhere.csv"));
    settings = table();
    settings.target = "z";
    refuses(settings, HasSubstr("no column \"z\""));
    settings = table();
    settings.valid = 700;
    settings.test = 100;
    refuses(settings, HasSubstr("768 rows"));
    settings = table();
    settings.model = "lenet";
    refuses(settings, HasSubstr("trainer.model = \"lenet\" must be \"mlp\" or \"torchscript\" for data = \"csv\""));
    settings = table();
    settings.unit = "epochs";
    refuses(settings, HasSubstr("did you mean \"epoch\""));
    refuses(table({{"momentumm", 0.9}}), HasSubstr("did you mean \"momentum\""));
    settings = lenet();
    settings.path = "/nowhere";
    refuses(settings, AllOf(HasSubstr("/nowhere"), HasSubstr("apt install dataset-fashion-mnist")));
    settings = table();
    settings.device = "gpu";
    refuses(settings, HasSubstr("\"cuda\""));
}

TEST(TorchTrainer, CudaTrainsWhereThereIsOneAndIsAUserErrorElsewhere) {
    auto settings = table({{"optimizer", "adam"}, {"dropout", 0.2}, {"width", std::int64_t{1024}}});
    settings.device = "cuda";
    if (torch_gpus() == 0) {
        EXPECT_THAT([&] { make_torch_trainer(settings, empty_space); },
                    ThrowsMessage<UserError>(HasSubstr("use device = \"cpu\"")));
        return;
    }
    const auto once = train(settings, 2), again = train(settings, 2);
    EXPECT_EQ(metric(settings, once, "valid_loss"), metric(settings, again, "valid_loss"));
    const auto large = std::get<Trained>(once).snapshot.bytes() + std::get<Trained>(again).snapshot.bytes();
    EXPECT_GE(locked_large_blocks().bytes, large) << "snapshots go to and from the GPU through locked memory";
}

TEST(TorchTrainer, MixedPrecisionTrains) {
    auto settings = table({{"optimizer", "adam"}, {"lr", 0.01}, {"batch_size", std::int64_t{64}}});
    settings.precision = "bf16";
    const auto result = train(settings, 20);
    EXPECT_LT(metric(settings, result, "valid_loss"), 0.3);
    EXPECT_NE(metric(settings, result, "valid_loss"), metric(settings, train(table(settings.fixed), 20), "valid_loss"));
}

TEST(TorchTrainer, DescribesItself) {
    EXPECT_THAT(make_torch_trainer(table(), empty_space)->describe(), HasSubstr("energy.csv, MLP, CPU 1 thread"));
    EXPECT_THAT(torch_version(), testing::MatchesRegex("[0-9]+\\.[0-9]+\\.[0-9]+"));
}

TEST(TorchTrainer, AHypergradientParameterIsRefused) {
    Parameter lr;
    lr.name = "lr";
    lr.role = Role::hypergradient;
    const auto space = std::make_shared<const SearchSpace>(std::vector{lr});
    EXPECT_THAT([&] { make_torch_trainer(table(), space); }, ThrowsMessage<UserError>(HasSubstr("hypergradient")));
}

}  // namespace
}  // namespace stemma
