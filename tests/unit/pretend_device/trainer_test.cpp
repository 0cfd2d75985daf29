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
    auto cpu = on("cpu"), first = on("xpu:0"), second = on("xpu:1");
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

INSTANTIATE_TEST_SUITE_P(Torch, OnDevice, testing::ValuesIn(torch_cases::cases()), torch_cases::name_of);

}  // namespace
}  // namespace stemma
