// Networks scripted by PyTorch 2.15 (tests/data/torchscript), trained by the LibTorch of this build.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <filesystem>
#include <fstream>

#include "core/error.hpp"
#include "trainer/torch/torch_trainer.hpp"

namespace stemma {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::ThrowsMessage;

const std::string files = STEMMA_TEST_DATA "/torchscript/";

TorchSettings settings(const std::string& module) {
    TorchSettings out;
    out.data = "csv";
    out.path = STEMMA_TEST_DATA "/uci_energy/energy.csv";
    out.model = "torchscript";
    out.fixed = {{"lr", 0.01}, {"optimizer", std::string("adam")}};
    if (!module.empty()) out.fixed["module"] = module;
    return out;
}

std::shared_ptr<const SearchSpace> space_of(const std::vector<Literal>& modules) {
    if (modules.empty()) return std::make_shared<const SearchSpace>();
    Parameter parameter;
    parameter.name = "module";
    parameter.domain = Categorical{modules};
    return std::make_shared<const SearchSpace>(std::vector{parameter});
}

Trained trained(Trainer& trainer, const SearchSpace& space, const Configuration& configuration, Resource epochs) {
    auto result =
        trainer.train({.member = {1}, .configuration = {space, configuration}, .seed = 3, .from = 0, .to = epochs});
    if (const auto* failure = std::get_if<TrainFailure>(&result)) {
        ADD_FAILURE() << failure->type << ": " << failure->message;
        return {};
    }
    return std::move(std::get<Trained>(result));
}

TEST(ScriptNetwork, LearnsAndKeepsItsParametersAndBuffers) {
    const auto space = space_of({});
    const auto trainer = make_torch_trainer(settings(files + "net24.pt"), space);

    const auto result = trained(*trainer, *space, space->from_literals({}), 20);

    EXPECT_LT(result.rows.back().values[0], 0.2) << "standardized: 1 is the mean's";
    EXPECT_LT(result.rows.back().values[0], 0.5 * result.rows.front().values[0]);
    for (const auto* name : {"model/body.0.weight", "model/body.1.running_mean", "model/out.bias"}) {
        EXPECT_NE(result.snapshot.find(name), nullptr) << name;
    }
    const auto* counted = result.snapshot.find("model/body.1.num_batches_tracked");
    ASSERT_NE(counted, nullptr);
    std::int64_t batches = 0;
    std::memcpy(&batches, result.snapshot.content(*counted).data(), sizeof batches);
    EXPECT_EQ(batches, 20 * 5) << "buffers move in training, not in evaluation";
}

TEST(ScriptNetwork, HyperparametersMoveInItsTraining) {
    Parameter lr;
    lr.name = "lr";
    lr.domain = Real{1e-5, 1, Scale::log, {}};
    lr.role = Role::hypergradient;
    const auto space = std::make_shared<const SearchSpace>(std::vector{lr});
    for (const auto* variant : {"wd_lr", "wd_lr_m", "diff_through_opt"}) {
        auto moving = settings(files + "net24.pt");
        moving.fixed = {{"module", files + "net24.pt"}, {"optimizer", std::string("sgd")}, {"momentum", 0.5}};
        moving.hypergradient.emplace();
        moving.hypergradient->variant = variant;
        const auto trainer = make_torch_trainer(moving, space);

        const auto result = trained(
            *trainer, *space, space->from_literals(std::vector<std::pair<std::string, Literal>>{{"lr", 1e-3}}), 10);

        const auto metrics = trainer->metrics();
        const auto at = std::ranges::find(metrics, "hyper_lr", &MetricInfo::name) - metrics.begin();
        const double moved = result.rows.back().values[static_cast<std::size_t>(at)];
        EXPECT_GT(moved, 1.5e-3) << variant << ": so small a learning rate grows, by at most 10^0.05 a hyper-step";
        EXPECT_LT(result.rows.back().values[0], result.rows.front().values[0]) << variant;
    }
}

TEST(ScriptNetwork, AParameterChoosesAmongFiles) {
    const auto space = space_of({files + "net8.pt", files + "net24.pt"});
    const auto trainer = make_torch_trainer(settings(""), space);

    for (const std::int64_t width : {8, 24}) {
        const std::vector<std::pair<std::string, Literal>> values{
            {"module", files + "net" + std::to_string(width) + ".pt"}};
        const auto result = trained(*trainer, *space, space->from_literals(values), 1);

        const auto* weights = result.snapshot.find("model/body.0.weight");
        ASSERT_NE(weights, nullptr);
        EXPECT_EQ(weights->shape, (std::vector<std::int64_t>{width, 8}));
    }
}

TEST(ScriptNetwork, MistakesComeBeforeTheStart) {
    const auto text = std::filesystem::temp_directory_path() / ("stemma-no-net-" + std::to_string(::getpid()) + ".pt");
    std::ofstream(text) << "no network";
    const auto making = [](const std::string& module) {
        return [module] { static_cast<void>(make_torch_trainer(settings(module), space_of({}))); };
    };

    EXPECT_THAT(making(""), ThrowsMessage<UserError>(HasSubstr("trainer.module: is missing")));
    EXPECT_THAT(making("/nowhere/net.pt"),
                ThrowsMessage<UserError>(AllOf(HasSubstr("/nowhere/net.pt"), HasSubstr("torch.jit.script"))));
    EXPECT_THAT(making(text.string()), ThrowsMessage<UserError>(HasSubstr("cannot be read by LibTorch")));
    std::filesystem::remove(text);
}

}  // namespace
}  // namespace stemma
