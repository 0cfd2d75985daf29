// Steps from recorded graphs: the same training with few launches, and what is not recorded.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "contract/trainer/torch_cases.hpp"
#include "support/pretend_device/pretend_device.hpp"
#include "trainer/torch/graphed_steps.hpp"
#include "unit/torch/training.hpp"

namespace stemma {
namespace {

using torch_cases::Case;

TorchSettings on_device(TorchSettings settings, bool graphs) {
    settings.device = test::pretend::first;
    settings.graphs = graphs;
    return settings;
}

class Graphs : public testing::TestWithParam<Case> {};

TEST_P(Graphs, TrainAsStepsWithoutGraphs) {
    auto settings = GetParam().settings;
    settings.fixed["batch_size"] = std::int64_t{16};  // several full batches, and a short one
    test::Training plain(GetParam().space, on_device(settings, false), GetParam().values());
    test::Training graphed(GetParam().space, on_device(settings, true), GetParam().values());
    const auto units = settings.unit == "step" ? Resource{25} : Resource{3};
    const auto a = plain.train(0, units), b = graphed.train(0, units);
    ASSERT_EQ(a.rows.size(), b.rows.size());
    for (std::size_t row = 0; row < a.rows.size(); ++row) {
        for (std::size_t value = 0; value < a.rows[row].values.size(); ++value)
            EXPECT_NEAR(a.rows[row].values[value], b.rows[row].values[value],
                        2e-3 * std::max(1.0, std::abs(a.rows[row].values[value])))
                << row << " " << value;
    }
}

TEST_P(Graphs, ContinueThroughSnapshots) {
    auto settings = GetParam().settings;
    settings.fixed["batch_size"] = std::int64_t{16};
    test::Training graphed(GetParam().space, on_device(settings, true), GetParam().values());
    const auto first = settings.unit == "step" ? Resource{12} : Resource{2};
    const auto half = graphed.train(0, first);
    const auto rest = graphed.train(first, 2 * first, &half.snapshot);
    test::Training plain(GetParam().space, on_device(settings, false), GetParam().values());
    const auto whole = plain.train(0, 2 * first);
    EXPECT_NEAR(rest.rows.back().values[0], whole.rows.back().values[0],
                2e-3 * std::max(1.0, whole.rows.back().values[0]));
}

INSTANTIATE_TEST_SUITE_P(Torch, Graphs, testing::ValuesIn(torch_cases::cases()), torch_cases::name_of);

std::int64_t launches_of_steps(const TorchSettings& settings, const Case& one) {
    test::Training training(one.space, settings, one.values());
    const auto launches = [&](Resource steps) {
        const auto before = test::pretend::counts();
        training.train(0, steps);
        return test::pretend::counts().launches - before.launches;
    };
    return launches(30) - launches(20);
}

TEST(GraphLaunches, AStepHasAFewInPlaceOfHundreds) {
    auto settings = torch_cases::table();
    settings.train_rows = 0;
    settings.unit = "step";
    const auto one = torch_cases::torch_case(
        "mlp", settings, {{"optimizer", "adam"}, {"batch_size", std::int64_t{8}}, {"gradient_clip", 1.0}});
    EXPECT_GT(launches_of_steps(on_device(one.settings, false), one), 10 * 50);
    // The graph, numbers of rows, values of the update, and the sum of the loss.
    EXPECT_LE(launches_of_steps(on_device(one.settings, true), one), 10 * 6);
}

TEST(GraphLaunches, NoReplayedStepWaits) {
    auto settings = torch_cases::table();
    settings.train_rows = 0;
    settings.unit = "step";
    const auto one = torch_cases::torch_case("mlp", on_device(settings, true),
                                             {{"optimizer", "adam"}, {"batch_size", std::int64_t{8}}});
    test::Training training(one.space, one.settings, one.values());
    const auto waits = [&](Resource steps) {
        const auto before = test::pretend::counts();
        training.train(0, steps);
        return test::pretend::counts().waits - before.waits;
    };
    EXPECT_EQ(waits(30) - waits(20), 0);
}

/// Keeps the step, and counts.
struct Counted {
    int recorded = 0, replayed = 0;
};

class CountingGraph : public StepGraph {
public:
    explicit CountingGraph(Counted& counted) : counted_(counted) {}
    void record(const std::function<void()>& step) override {
        ++counted_.recorded;
        step();
    }
    void replay() override { ++counted_.replayed; }

private:
    Counted& counted_;
};

TEST(GraphedSteps, EachSizeIsRecordedOnceAfterItsFirstSteps) {
    Counted counted;
    GraphedSteps steps([&] { return std::make_unique<CountingGraph>(counted); },
                       [](const torch::Tensor& rows) { return rows.sum(); });
    for (const std::int64_t size : {8, 8, 8, 5}) EXPECT_FALSE(steps.takes(size));
    const auto rows = torch::arange(8);
    for (int step = 0; step < 4; ++step) {
        ASSERT_TRUE(steps.takes(8));
        EXPECT_EQ(steps.run(rows).item<std::int64_t>(), 28);
    }
    EXPECT_EQ(counted.recorded, 1);
    EXPECT_EQ(counted.replayed, 4);
    EXPECT_FALSE(steps.takes(5));
    EXPECT_FALSE(steps.takes(5));
    ASSERT_TRUE(steps.takes(5));
    steps.run(torch::arange(5));
    EXPECT_EQ(counted.recorded, 2);
}

}  // namespace
}  // namespace stemma
