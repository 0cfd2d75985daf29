// Training by LibTorch on the pretend device: the CPU's bits, snapshots that go from device to device, and no wait.

#include <gtest/gtest.h>

#include <cstring>

#include "contract/trainer/torch_cases.hpp"
#include "support/pretend_device/pretend_device.hpp"
#include "unit/torch/training.hpp"

namespace stemma {
namespace {

using torch_cases::Case;
using torch_cases::Fixed;

/// Bit for bit.
bool equal_rows(const std::vector<MetricRow>& one, const std::vector<MetricRow>& other) {
    return std::ranges::equal(one, other, [](const MetricRow& a, const MetricRow& b) {
        return a.resource == b.resource && a.values.size() == b.values.size() &&
               std::memcmp(a.values.data(), b.values.data(), a.values.size() * sizeof(double)) == 0;
    });
}

class OnDevice : public testing::TestWithParam<Case> {
protected:
    /// A member on a device. Without LeNet's first block, which only the CPU has as one operation.
    static test::Training on(const std::string& device) {
        auto settings = GetParam().settings;
        settings.device = device;
        settings.fused = false;
        return {GetParam().space, settings, GetParam().values()};
    }
    static void expect_equal(const Trained& one, const Trained& other) {
        EXPECT_TRUE(equal_rows(one.rows, other.rows));
        EXPECT_TRUE(test::equal_content(one.snapshot, other.snapshot));
    }
};

TEST_P(OnDevice, TrainsToTheCpusBitsAndItsSnapshotsGoAnywhere) {
    const auto end = GetParam().units(), cut = end - 1;
    auto cpu = on("cpu"), first = on(test::pretend::first), second = on(test::pretend::second);
    const auto before = test::pretend::counts(1);

    const auto expected = cpu.train(0, end);
    const auto whole = first.train(0, end);
    expect_equal(whole, expected);
    const auto half = first.train(0, cut);
    EXPECT_EQ(test::pretend::counts(1).launches, before.launches) << "a training stays on its device";

    const auto on_cpu = cpu.train(cut, end, &half.snapshot);
    const auto on_second = second.train(cut, end, &half.snapshot);
    EXPECT_TRUE(test::equal_content(on_cpu.snapshot, expected.snapshot));
    EXPECT_TRUE(test::equal_content(on_second.snapshot, expected.snapshot));
    const auto from_cpu = cpu.train(0, cut);
    EXPECT_TRUE(test::equal_content(first.train(cut, end, &from_cpu.snapshot).snapshot, expected.snapshot));
}

INSTANTIATE_TEST_SUITE_P(Torch, OnDevice, testing::ValuesIn(torch_cases::cases_of_one_unit()), torch_cases::name_of);

std::shared_ptr<const SearchSpace> lr_space() {
    return std::make_shared<const SearchSpace>(std::vector{test::real("lr", 1e-6, 1, Scale::log, Role::fixed)});
}

TEST(DevicePrecision, Bfloat16ActsOnTheDeviceToo) {
    auto settings = torch_cases::table();
    settings.device = test::pretend::first;
    const auto loss_with = [&](const std::string& precision) {
        settings.precision = precision;
        test::Training training(lr_space(), settings, {{"lr", 1e-2}});
        return training.value(training.train(0, 1).rows.back(), "valid_loss");
    };
    const double full = loss_with("float32"), mixed = loss_with("bf16");
    EXPECT_NE(mixed, full);
    EXPECT_NEAR(mixed, full, 0.05);
}

/// What the first device holds after so many steps, asked at each row of metrics.
TEST(DeviceMemory, DoesNotGrowWhileAMemberTrainsAndIsGivenBack) {
    const auto before = test::pretend::bytes_in_use(0), given_back = test::pretend::memory_given_back();
    {
        auto settings = torch_cases::table();
        settings.device = test::pretend::first;
        settings.fixed["optimizer"] = "adam";
        test::Training training(lr_space(), settings, {{"lr", 1e-3}});
        const auto with_data = test::pretend::bytes_in_use(0);
        EXPECT_GT(with_data, before);
        std::vector<std::int64_t> held;
        auto result = training.trainer->train(
            {.member = {4},
             .configuration = {*training.space, training.configuration},
             .seed = 3,
             .from = 0,
             .to = 4,
             .progress = [&](const MetricRow&) { held.push_back(test::pretend::bytes_in_use(0)); }});
        ASSERT_TRUE(std::holds_alternative<Trained>(result));
        ASSERT_EQ(held.size(), 4U);
        EXPECT_EQ(held.back(), held.front());
        EXPECT_EQ(test::pretend::bytes_in_use(0), with_data) << "the member's tensors are gone";
    }
    EXPECT_EQ(test::pretend::bytes_in_use(0), before);
    EXPECT_EQ(test::pretend::memory_given_back() - given_back, TORCH_VERSION_MAJOR < 2 ? 0 : 1) << "once a training";
}

}  // namespace
}  // namespace stemma
