// Wherever in a step the memory of a device is full, or the device is lost, the failure has its kind.

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <set>
#include <thread>

#include "contract/trainer/torch_cases.hpp"
#include "support/pretend_device/pretend_device.hpp"
#include "unit/torch/training.hpp"

namespace stemma {
namespace {

using torch_cases::Case;

/// LibTorch's thread of a device may drop the graph of a failed step a moment later.
bool holds_soon(std::int64_t bytes) {
    for (int tries = 0; tries < 10000 && test::pretend::bytes_in_use(0) != bytes; ++tries)
        std::this_thread::sleep_for(std::chrono::milliseconds(1));
    return test::pretend::bytes_in_use(0) == bytes;
}

class DeviceFailures : public testing::TestWithParam<Case> {
protected:
    DeviceFailures() {
        auto settings = GetParam().settings;
        settings.device = test::pretend::first;
        training_ = std::make_unique<test::Training>(GetParam().space, settings, GetParam().values());
    }
    ~DeviceFailures() override {
        test::pretend::limit_memory(0);
        test::pretend::lose(0, 0);
    }

    /// How one step and its row of metrics end.
    FailureKind kind() const {
        const auto result = training_->trainer->train({.member = {4},
                                                       .configuration = {*training_->space, training_->configuration},
                                                       .seed = 3,
                                                       .from = 0,
                                                       .to = 1});
        const auto* failure = std::get_if<TrainFailure>(&result);
        return failure == nullptr ? FailureKind::none : failure->kind;
    }

    std::unique_ptr<test::Training> training_;
};

TEST_P(DeviceFailures, FullMemoryIsOutOfMemoryAndIsGivenBack) {
    const auto data = test::pretend::bytes_in_use(0);
    auto expected = FailureKind::out_of_memory;
    int full = 0;
    for (std::int64_t more = 4096; expected != FailureKind::none; more += more / 4096 / 3 * 4096 + 4096) {
        test::pretend::limit_memory(data + more);
        expected = kind();
        ASSERT_TRUE(expected == FailureKind::out_of_memory || expected == FailureKind::none) << name_of(expected);
        ASSERT_TRUE(holds_soon(data)) << "after " << name_of(expected);
        full += expected == FailureKind::out_of_memory ? 1 : 0;
    }
    EXPECT_GT(full, 5);
}

TEST_P(DeviceFailures, ALostDeviceIsADeviceError) {
    const auto before = test::pretend::counts().launches;
    ASSERT_EQ(kind(), FailureKind::none);
    const auto launches = test::pretend::counts().launches - before;
    const auto data = test::pretend::bytes_in_use(0);
    for (std::int64_t launch = 1; launch < launches; launch += std::max<std::int64_t>(launches / 24, 1)) {
        test::pretend::lose(0, launch);
        ASSERT_EQ(name_of(kind()), "device") << "kernel " << launch << " of " << launches;
        ASSERT_TRUE(holds_soon(data));
    }
}

/// Each model once.
std::vector<Case> models() {
    std::vector<Case> all;
    std::set<std::string> seen;
    for (auto& one : torch_cases::cases()) {
        one.settings.unit = "step";
        if (seen.insert(one.settings.model).second) all.push_back(one);
    }
    return all;
}

INSTANTIATE_TEST_SUITE_P(Torch, DeviceFailures, testing::ValuesIn(models()), torch_cases::name_of);

}  // namespace
}  // namespace stemma
