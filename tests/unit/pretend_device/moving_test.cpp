// Hyperparameters that move on the pretend device as on the CPU, with each variant, each optimizer and each model.

#include <gtest/gtest.h>

#include <cmath>
#include <cstring>

#include "contract/trainer/torch_cases.hpp"
#include "support/pretend_device/pretend_device.hpp"
#include "unit/torch/training.hpp"

namespace stemma {
namespace {

using torch_cases::Fixed;

std::shared_ptr<const SearchSpace> space_of(const std::string& optimizer) {
    if (optimizer == "sgd") return test::sgd_space();
    return std::make_shared<const SearchSpace>(
        std::vector{test::real("lr", 1e-6, 1e-1, Scale::log), test::real("weight_decay", 1e-7, 1e-2, Scale::log),
                    test::real("beta1", 0.5, 0.99, Scale::linear), test::real("beta2", 0.5, 0.9999, Scale::linear)});
}

test::Point start_of(const std::string& optimizer) {
    if (optimizer == "sgd") return {{"lr", 1e-3}, {"weight_decay", 1e-4}, {"momentum", 0.5}};
    return {{"lr", 1e-3}, {"weight_decay", 1e-4}, {"beta1", 0.8}, {"beta2", 0.95}};
}

/// A member that makes a hyper-step after each third update.
test::Training member(TorchSettings settings, const std::string& optimizer, const std::string& variant,
                      const std::string& device) {
    settings.device = device;
    settings.fused = false;
    settings.unit = "step";
    settings.fixed.insert({"batch_size", std::int64_t{16}});
    settings.fixed["optimizer"] = optimizer;
    settings.hypergradient = HypergradientSettings{.variant = variant, .interval = 3, .window = 2};
    return {space_of(optimizer), settings, start_of(optimizer)};
}

/// On a CPU updates are made by numbers, on a device by tensors: they are rounded differently.
void expect_near(const std::vector<MetricRow>& rows, const std::vector<MetricRow>& expected, const std::string& what) {
    ASSERT_EQ(rows.size(), expected.size()) << what;
    for (std::size_t row = 0; row < rows.size(); ++row) {
        EXPECT_EQ(rows[row].resource, expected[row].resource);
        for (std::size_t i = 0; i < rows[row].values.size(); ++i) {
            const double value = rows[row].values[i], other = expected[row].values[i];
            if (std::isnan(other)) {
                EXPECT_TRUE(std::isnan(value)) << what << ", metric " << i;
            } else {
                EXPECT_NEAR(value, other, 1e-4 * std::max(std::abs(other), 1e-3)) << what << ", metric " << i;
            }
        }
    }
}

/// Trains on the CPU and on a device; goes on from a snapshot of the middle of an interval on the other device.
void compare(const TorchSettings& settings, const std::string& optimizer, const std::string& variant) {
    const auto what = settings.model + ", " + optimizer + ", " + variant;
    auto cpu = member(settings, optimizer, variant, "cpu"),
         first = member(settings, optimizer, variant, test::pretend::first),
         second = member(settings, optimizer, variant, test::pretend::second);
    const auto expected = cpu.train(0, 10), whole = first.train(0, 10), part = first.train(0, 5);
    expect_near(whole.rows, expected.rows, what);
    const auto rest = second.train(5, 10, &part.snapshot);
    EXPECT_TRUE(test::equal_content(rest.snapshot, whole.snapshot)) << what;
    expect_near(cpu.train(5, 10, &part.snapshot).rows, rest.rows, what);
}

TEST(MovingOnDevice, EachVariantWithEachOptimizer) {
    auto settings = torch_cases::table();
    settings.fixed = {{"layers", std::int64_t{1}}, {"width", std::int64_t{8}}};
    for (const auto& variant : hypergradient_variants())
        for (const auto* optimizer : {"sgd", "adam", "adamw"}) compare(settings, optimizer, variant);
}

TEST(MovingOnDevice, EachModel) {
    auto noisy = torch_cases::table(), script = noisy, images = torch_cases::resnet(), text = torch_cases::lstm();
    noisy.fixed = {{"layers", std::int64_t{2}}, {"width", std::int64_t{8}}, {"dropout", 0.2}, {"batch_norm", true}};
    script.model = "torchscript";
    script.fixed = {{"module", STEMMA_TEST_DATA "/torchscript/net8.pt"}};
    images.fixed = {{"width", std::int64_t{4}}};
    text.fixed = {
        {"width", std::int64_t{8}}, {"sequence", std::int64_t{5}}, {"dropout", 0.2}, {"layers", std::int64_t{2}}};
    std::vector all{noisy, script, images, text};
    if (std::filesystem::exists("/usr/share/datasets/fashion-mnist")) {
        all.push_back(torch_cases::images());
        all.back().model = "lenet";
        all.back().fixed = {{"dropout", 0.2}};
    }
    for (const auto& settings : all)
        for (const auto* variant : {"wd_lr_m", "diff_through_opt"}) compare(settings, "sgd", variant);
}

}  // namespace
}  // namespace stemma
