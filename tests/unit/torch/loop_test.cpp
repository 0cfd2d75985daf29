// Tasks whose loop is Stemma's, with hyperparameters that stay and that move.
#include <gmock/gmock.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <iterator>
#include <numeric>

#include "unit/torch/waves.hpp"

namespace stemma {
namespace {

using Net = test::WavesNet;
using Plain = test::Waves;  // no interval of these tests divides its updates an epoch

struct Tuned : Plain {
    using Waves::Waves;
    std::int64_t validation_rows() const { return 16; }
    torch::Tensor validation_loss(Net& net, const torch::Tensor& rows) { return at_rows(net, rows + 44); }
};

class Loop : public testing::Test {
protected:
    static SearchSpace space(Role role) {
        std::vector<Parameter> parameters(4);
        parameters[0] = {"lr", Real{1e-4, 1, Scale::log, {}}, role, {}, {}, {}};
        parameters[1] = {"momentum", Real{0, 0.99, Scale::linear, {}}, role, {}, {}, {}};
        parameters[2] = {"batch_size", Integer{1, 64, Scale::linear, {}}, Role::fixed, {}, {}, {}};
        parameters[3] = {"gradient_clip", Real{0, 1, Scale::linear, {}}, Role::fixed, {}, {}, {}};
        return SearchSpace(parameters);
    }

    template <class T>
    static TrainResult train(std::optional<HypergradientSettings> moving, Resource from, Resource to,
                             const Snapshot* start = nullptr, double clip = 0, const std::string& unit = "epoch") {
        const auto own = space(moving ? Role::hypergradient : Role::fixed);
        const auto configuration = own.from_literals(std::vector<std::pair<std::string, Literal>>{
            {"lr", 0.02}, {"momentum", 0.5}, {"batch_size", std::int64_t{8}}, {"gradient_clip", clip}});
        TaskContext context;
        context.run_seed = 5;
        context.unit = unit;
        context.hypergradient = std::move(moving);
        LoopTrainer<T> trainer(context);
        const TrainRequest request{
            .member = {0}, .configuration = {own, configuration}, .seed = 9, .from = from, .to = to, .start = start};
        return trainer.train(request);
    }

    static const Trained& trained(const TrainResult& result) {
        if (const auto* failure = std::get_if<TrainFailure>(&result)) throw std::runtime_error(failure->message);
        return std::get<Trained>(result);
    }

    static std::vector<double> last_row(const TrainResult& result) { return trained(result).rows.back().values; }

    static HypergradientSettings settings(const std::string& variant, std::int64_t interval) {
        HypergradientSettings out;
        out.variant = variant;
        out.interval = interval;
        out.window = std::min<std::int64_t>(interval, 5);
        return out;
    }
};

bool same(double a, double b) { return std::memcmp(&a, &b, sizeof a) == 0 || (std::isnan(a) && std::isnan(b)); }

TEST_F(Loop, HyperparametersMoveAndTheTrajectoryIsTold) {
    const auto result = train<Tuned>(settings("wd_lr_m", 4), 0, 3);
    const auto& rows = trained(result).rows;
    // 18 updates, a hyper-step after each fourth: 4 points, and a row for each of 3 epochs.
    ASSERT_EQ(rows.size(), 7U);
    const auto columns = LoopTrainer<Tuned>::moving_metrics();
    EXPECT_EQ(columns.front().name, "hyper_step");
    std::vector<double> steps;
    for (const auto& row : rows) {
        ASSERT_EQ(row.values.size(), 2 + columns.size());
        steps.push_back(row.values[2]);
    }
    EXPECT_EQ(steps, (std::vector<double>{4, 6, 8, 12, 12, 16, 18}));
    EXPECT_TRUE(std::isnan(rows[0].values[0])) << "no metric in the middle of an epoch";
    EXPECT_NE(rows.back().values[3], 0.02) << "the learning rate has moved";
    EXPECT_TRUE(std::isfinite(rows.back().values[0]));
}

TEST_F(Loop, OneEpochAndOneMoreAreTwoToTheLastBit) {
    for (const auto& [variant, interval] : std::vector<std::pair<std::string, std::int64_t>>{
             {"wd_lr_m", 4}, {"wd_hdlr_m", 5}, {"diff_through_opt", 4}, {"baydin", 1}, {"random", 10}}) {
        const auto whole = train<Tuned>(settings(variant, interval), 0, 3);
        const auto first = train<Tuned>(settings(variant, interval), 0, 1);
        const auto second = train<Tuned>(settings(variant, interval), 1, 3, &trained(first).snapshot);
        const auto expected = last_row(whole);
        const auto found = last_row(second);
        for (std::size_t i = 0; i < expected.size(); ++i)
            EXPECT_TRUE(same(expected[i], found[i])) << variant << " " << i;
    }
}

TEST_F(Loop, GoesOnBitForBitFromAnyStep) {
    for (const auto* variant : {"", "wd_lr_m", "wd_hdlr_m", "diff_through_opt", "baydin", "random"}) {
        const auto moving = *variant == 0 ? std::nullopt : std::optional(settings(variant, 4));
        const auto by_steps = [&](Resource from, Resource to, const Snapshot* start = nullptr) {
            return trained(train<Tuned>(moving, from, to, start, 0, "step"));
        };
        const auto whole = by_steps(0, 15);
        for (const Resource cut : {3, 6, 8, 13}) {
            const auto first = by_steps(0, cut);
            const auto second = by_steps(cut, 15, &first.snapshot);
            EXPECT_EQ(second.snapshot.encode(), whole.snapshot.encode()) << variant << " cut after " << cut;
        }
    }
}

TEST_F(Loop, StepsGiveMetricsAtTheEndOfEachEpochAndOfTheTraining) {
    const auto result = train<Plain>(std::nullopt, 0, 15, nullptr, 0, "step");
    std::vector<Resource> measured;
    for (const auto& row : trained(result).rows) measured.push_back(row.resource);
    EXPECT_EQ(measured, (std::vector<Resource>{6, 12, 15}));
}

/// The rows that each batch had.
struct Watched : test::OddWaves {
    using OddWaves::OddWaves;
    inline static std::vector<std::vector<std::int64_t>> batches;
    torch::Tensor loss(Net& net, const torch::Tensor& rows) {
        batches.emplace_back(rows.data_ptr<std::int64_t>(), rows.data_ptr<std::int64_t>() + rows.numel());
        return at_rows(net, rows);
    }
};

TEST_F(Loop, AnEpochHasEachRowOnceInAnotherOrderAndNoBatchOfOne) {
    Watched::batches.clear();
    static_cast<void>(trained(train<Watched>(std::nullopt, 0, 2)));
    ASSERT_EQ(Watched::batches.size(), 10U);
    std::vector<std::vector<std::int64_t>> epochs(2);
    for (std::size_t batch = 0; batch < 10; ++batch) {
        EXPECT_EQ(Watched::batches[batch].size(), batch % 5 == 4 ? 9U : 8U);
        std::ranges::copy(Watched::batches[batch], std::back_inserter(epochs[batch / 5]));
    }
    EXPECT_NE(epochs[0], epochs[1]);
    std::vector<std::int64_t> all(41);
    std::iota(all.begin(), all.end(), 0);
    for (auto& rows : epochs) {
        EXPECT_NE(rows, all);
        std::ranges::sort(rows);
        EXPECT_EQ(rows, all);
    }
}

struct Wrong : Plain {
    using Waves::Waves;
    inline static std::vector<double> told;
    std::vector<double> evaluate(Net&) { return told; }
};

TEST_F(Loop, WhatATaskMeasuresIsChecked) {
    const auto failure = [](std::vector<double> told, const std::string& unit) {
        Wrong::told = std::move(told);
        return std::get<TrainFailure>(train<Wrong>(std::nullopt, 0, 9, nullptr, 0, unit));
    };
    const auto nan = std::nan("");
    EXPECT_EQ(failure({nan, 1}, "epoch").kind, FailureKind::nonfinite);
    EXPECT_EQ(failure({nan, 1}, "epoch").message, "valid_loss is nan at 1 epochs");
    EXPECT_EQ(failure({nan, 1}, "step").message, "valid_loss is nan at 6 steps");
    EXPECT_EQ(failure({nan, 1}, "step").reached, 5);
    EXPECT_EQ(failure({1}, "epoch").kind, FailureKind::infeasible);
    EXPECT_THAT(failure({1}, "epoch").message, testing::HasSubstr("gives 1 numbers; its metrics_of_task() has 2"));
    Wrong::told = {1, nan};
    EXPECT_NO_THROW(static_cast<void>(trained(train<Wrong>(std::nullopt, 0, 1)))) << "a test metric decides nothing";
}

struct Empty : Plain {
    using Waves::Waves;
    std::int64_t rows() const { return 0; }
};

struct Untuned : Tuned {
    using Tuned::Tuned;
    std::int64_t validation_rows() const { return 0; }
};

TEST_F(Loop, ATaskWithoutRowsIsRefused) {
    EXPECT_THAT([] { train<Empty>(std::nullopt, 0, 1); },
                testing::ThrowsMessage<UserError>(testing::HasSubstr("rows()")));
    EXPECT_THAT([] { train<Untuned>(settings("wd_lr", 10), 0, 1); },
                testing::ThrowsMessage<UserError>(testing::HasSubstr("validation_rows()")));
}

TEST_F(Loop, BothNamesOfTheOptimizerAreRead) {
    for (const auto* name : {"optimiser", "optimizer"}) {
        const SearchSpace space({{name, Categorical{{"sgd", "adam"}}, Role::fixed, {}, {}, {}}});
        const auto configuration = space.from_literals(std::vector<std::pair<std::string, Literal>>{{name, "adam"}});
        EXPECT_EQ(read_hyperparameters({space, configuration}, {}).optimizer, "adam") << name;
        EXPECT_EQ(read_hyperparameters({SearchSpace(), {}}, {{name, "adamw"}}).optimizer, "adamw") << name;
    }
}

TEST_F(Loop, WhatDoesNotMoveTrainsAsLibTorchsOptimizer) {
    const auto plain = last_row(train<Plain>(std::nullopt, 0, 2));
    const auto still = last_row(train<Plain>(settings("random", 10), 0, 2));
    ASSERT_EQ(plain.size(), 2U);
    EXPECT_NEAR(still[0], plain[0], 1e-5 * plain[0]);
    EXPECT_NEAR(still[1], plain[1], 1e-5 * plain[1]);
}

TEST_F(Loop, GradientsAreClippedAlikeWhetherSomethingMovesOrNot) {
    const auto unlimited = last_row(train<Plain>(std::nullopt, 0, 2));
    const auto plain = last_row(train<Plain>(std::nullopt, 0, 2, nullptr, 0.1));
    const auto still = last_row(train<Plain>(settings("random", 10), 0, 2, nullptr, 0.1));
    EXPECT_GT(std::abs(plain[0] - unlimited[0]), 1e-3 * unlimited[0]);
    EXPECT_NEAR(still[0], plain[0], 1e-5 * plain[0]);
}

TEST_F(Loop, AValidationLossIsAskedForWhereOneIsNeeded) {
    try {
        static_cast<void>(train<Plain>(settings("wd_lr", 10), 0, 1));
        FAIL() << "accepted";
    } catch (const UserError& error) {
        EXPECT_THAT(error.what(), testing::HasSubstr("validation_rows() and validation_loss()"));
    }
    EXPECT_NO_THROW(static_cast<void>(train<Plain>(settings("baydin", 1), 0, 1)));
}

TEST_F(Loop, TheTaskSaysWhatItCanMove) {
    EXPECT_EQ(loop<Plain>("plain").moving_metrics.size(), moving_metrics().size());
    EXPECT_EQ(loop<Plain>("plain").metrics.size(), 2U);
}

}  // namespace
}  // namespace stemma
