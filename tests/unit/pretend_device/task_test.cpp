// A task of a user's own with Stemma's loop, on the pretend device.

#include <gtest/gtest.h>

#include <cmath>

#include "support/pretend_device/pretend_device.hpp"
#include "unit/torch/training.hpp"
#include "unit/torch/waves.hpp"

namespace stemma {
namespace {

/// Its data lie on the device; the numbers of rows come from the host.
struct DeviceWaves : test::Waves {
    explicit DeviceWaves(const TaskContext& context) : Waves(context), device(context.device) {
        x = x.to(device);
        y = y.to(device);
    }
    torch::Tensor loss(test::WavesNet& net, const torch::Tensor& rows) { return at_rows(net, sent(rows, device)); }
    std::int64_t validation_rows() const { return 16; }
    torch::Tensor validation_loss(test::WavesNet& net, const torch::Tensor& rows) { return loss(net, rows + 44); }
    std::vector<double> evaluate(test::WavesNet& net) {
        const auto rows = [&](int first) {
            return at_rows(net, torch::arange(first, first + 20, torch::dtype(torch::kLong).device(device)));
        };
        return {rows(60).item<double>(), rows(80).item<double>()};
    }
    torch::Device device;
};

/// A batch of 8 of 44 rows, with dropout and batch norm.
class TaskOnDevice : public testing::TestWithParam<bool> {
protected:
    static Trained train(const std::string& device, Resource from, Resource to, const Snapshot* start = nullptr) {
        TaskContext context;
        context.run_seed = 5;
        context.unit = "step";
        context.device = device;
        if (GetParam())
            context.hypergradient = HypergradientSettings{.variant = "diff_through_opt", .interval = 3, .window = 2};
        const auto role = GetParam() ? Role::hypergradient : Role::fixed;
        const SearchSpace space({test::real("lr", 1e-4, 1, Scale::log, role),
                                 test::real("momentum", 0, 0.99, Scale::linear, role),
                                 {"batch_size", Integer{1, 64, Scale::linear, {}}, Role::fixed, {}, {}, {}}});
        const auto configuration =
            space.from_literals(test::Point{{"lr", 0.02}, {"momentum", 0.5}, {"batch_size", std::int64_t{8}}});
        LoopTrainer<DeviceWaves> trainer(context);
        auto result = trainer.train({.member = {0},
                                     .configuration = {space, configuration},
                                     .seed = 9,
                                     .from = from,
                                     .to = to,
                                     .start = start});
        if (const auto* failure = std::get_if<TrainFailure>(&result)) throw std::runtime_error(failure->message);
        return std::get<Trained>(std::move(result));
    }
};

TEST_P(TaskOnDevice, TrainsAsOnTheCpuAndGoesOnOnAnotherDevice) {
    const auto expected = train("cpu", 0, 10), whole = train(test::pretend::first, 0, 10),
               part = train(test::pretend::first, 0, 5);
    for (std::size_t i = 0; i < expected.rows.back().values.size(); ++i) {
        const double value = whole.rows.back().values[i], other = expected.rows.back().values[i];
        EXPECT_TRUE(value == other || std::abs(value - other) < 1e-4) << i << ": " << value << ", " << other;
    }
    EXPECT_TRUE(test::equal_content(train(test::pretend::second, 5, 10, &part.snapshot).snapshot, whole.snapshot));
}

TEST_P(TaskOnDevice, ItsStepsDoNotWait) {
    const auto waits = [](Resource to) {
        const auto before = test::pretend::counts().waits;
        train(test::pretend::first, 0, to);
        return test::pretend::counts().waits - before;
    };
    // Of the steps 1 to 4 (and none of them ends an epoch) a hyper-step waits once, for the point that is recorded.
    EXPECT_EQ(waits(4) - waits(1), GetParam() ? 1 : 0);
}

std::string name_of(const testing::TestParamInfo<bool>& info) { return info.param ? "Moving" : "Plain"; }
INSTANTIATE_TEST_SUITE_P(Loop, TaskOnDevice, testing::Bool(), name_of);

}  // namespace
}  // namespace stemma
