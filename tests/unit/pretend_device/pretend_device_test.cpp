// The pretend device shows what a GPU shows: memory of its own, copies that are counted, limits, and loss.
#include "support/pretend_device/pretend_device.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <torch/torch.h>

#include <csignal>
#include <cstdio>
#include <cstring>
#include <functional>
#include <sstream>
#include <vector>

namespace stemma::test {
namespace {

using pretend::Counts;
using testing::HasSubstr;

const torch::Device device(pretend::first), second(pretend::second);

/// What a piece of code costs on the first device.
Counts cost(const std::function<void()>& code) {
    const auto before = pretend::counts();
    code();
    const auto after = pretend::counts();
    return {after.launches - before.launches, after.to_device - before.to_device, after.to_host - before.to_host,
            after.items - before.items, after.waits - before.waits};
}

std::string error_of(const std::function<void()>& code) {
    try {
        code();
    } catch (const c10::Error& error) {
        return error.what_without_backtrace();
    }
    return "no error";
}

std::vector<float> values(const torch::Tensor& tensor) {
    const auto host = tensor.to(torch::kCPU).contiguous();
    return {host.data_ptr<float>(), host.data_ptr<float>() + host.numel()};
}

TEST(PretendDevice, CopiesAndReadsAreCounted) {
    torch::Tensor x, y;
    const auto host = torch::arange(6, torch::kFloat32).view({2, 3});
    auto to_device = cost([&] { x = host.to(device); });
    EXPECT_EQ(to_device.to_device, 1);
    EXPECT_EQ(to_device.waits, 1);
    EXPECT_EQ(to_device.launches, 0);

    EXPECT_EQ(cost([&] { y = host.to(device, /*non_blocking=*/true); }).waits, 1) << "memory that is not page-locked";

    const auto locked = host.pin_memory(device.type());
    const auto not_waiting = cost([&] { y = locked.to(device, /*non_blocking=*/true); });
    EXPECT_EQ(not_waiting.to_device, 1);
    EXPECT_EQ(not_waiting.waits, 0);

    const auto sum = cost([&] { y = (x + y).t(); });
    EXPECT_EQ(sum.launches, 1) << "a transposed view is no kernel";
    EXPECT_EQ(sum.to_host + sum.to_device + sum.waits, 0);

    const auto back = cost([&] { EXPECT_EQ(values(y), (std::vector<float>{0, 6, 2, 8, 4, 10})); });
    EXPECT_EQ(back.to_host, 1);
    EXPECT_EQ(back.waits, 1);

    const auto read = cost([&] { EXPECT_EQ(y[1][1].item<float>(), 8); });
    EXPECT_EQ(read.items, 1);
    EXPECT_EQ(read.waits, 1);
    EXPECT_EQ(read.to_host, 0);
}

TEST(PretendDevice, AResultWhoseSizeDependsOnDataIsWaitedFor) {
    const auto x = torch::tensor({1.0F, -1.0F, 2.0F}).to(device);
    EXPECT_EQ(cost([&] { x.masked_select(x > 0); }).waits, 1);
    EXPECT_EQ(cost([&] { x.index({x > 0}); }).waits, 1);
    EXPECT_EQ(cost([&] { torch::where(x > 0, x, x); }).waits, 0);
    EXPECT_EQ(cost([&] { x.index({torch::ones({1}, x.options().dtype(torch::kLong))}); }).waits, 0);
}

TEST(PretendDeviceDeathTest, TheHostCannotReadOrWriteItsMemory) {
    const auto x = torch::ones({8}).to(device);
    auto* memory = x.data_ptr<float>();
    EXPECT_EXIT(std::fprintf(stderr, "%f", memory[0]), testing::KilledBySignal(SIGSEGV), "");
    EXPECT_EXIT(memory[0] = 1, testing::KilledBySignal(SIGSEGV), "");
    auto row = x.accessor<float, 1>();
    EXPECT_EXIT(row[0] += 1, testing::KilledBySignal(SIGSEGV), "");
    EXPECT_EXIT(
        {
            std::vector<float> copy(8);
            std::memcpy(copy.data(), memory, sizeof(float) * 8);
        },
        testing::KilledBySignal(SIGSEGV), "");
}

TEST(PretendDevice, DevicesAreNotMixed) {
    const auto here = torch::ones({3}).to(device), there = torch::ones({3}).to(second), host = torch::ones({3});
    const auto different = HasSubstr("xpected all tensors to be on the same device");
    EXPECT_THAT(error_of([&] { here + host; }), different);
    EXPECT_THAT(error_of([&] { here + there; }), different);
    EXPECT_THAT(error_of([&] { torch::cat({here, there}); }), different);
    EXPECT_THAT(error_of([&] { here.index({torch::ones({1}, torch::kLong)}); }), different);
    const auto image = torch::ones({1, 1, 4, 4}).to(device);
    EXPECT_THAT(error_of([&] { torch::conv2d(image, torch::ones({1, 1, 2, 2})); }), different);
    EXPECT_EQ(values(here + torch::scalar_tensor(2)), std::vector<float>(3, 3)) << "a number of the host is no mix";
    EXPECT_EQ(values(here + there.to(device)), std::vector<float>(3, 2));
}

TEST(PretendDevice, ItsMemoryHasALimit) {
    const auto used = pretend::bytes_in_use(0);
    pretend::limit_memory(used + (1 << 20));
    {
        const auto half = torch::empty({1 << 17}, device);
        EXPECT_EQ(pretend::bytes_in_use(0), used + (1 << 19));
        EXPECT_THROW(torch::empty({1 << 18}, device), c10::OutOfMemoryError);
        EXPECT_NO_THROW(torch::empty({1 << 18}, second)) << "another device has memory of its own";
        EXPECT_EQ(pretend::bytes_in_use(0), used + (1 << 19)) << "nothing is left of the attempt";
    }
    EXPECT_NO_THROW(torch::empty({1 << 18}, device)) << "memory comes back";
    pretend::limit_memory(0);
    EXPECT_EQ(pretend::bytes_in_use(0), used);
}

TEST(PretendDevice, ALostDeviceThrowsAndTheOthersWork) {
    const auto here = torch::ones({3}).to(device), there = torch::ones({3}).to(second);
    pretend::lose(0, 2);
    EXPECT_NO_THROW(here + 1);
    for (const auto& use :
         std::vector<std::function<void()>>{[&] { here + 1; }, [&] { values(here); }, [&] { here[0].item<float>(); },
                                            [&] { torch::empty({3}, device); }})
        EXPECT_THAT(error_of(use), HasSubstr("UR_RESULT_ERROR_DEVICE_LOST"));
    EXPECT_EQ(values(there + 1), std::vector<float>(3, 2));
    pretend::lose(0, 0);
    EXPECT_EQ(values(here), std::vector<float>(3, 1));
}

TEST(PretendDevice, TensorsAreSavedAndLoaded) {
    const auto x = torch::arange(6, torch::kFloat32).view({2, 3}).to(device).t();
    std::stringstream file;
    torch::save(x, file);
    torch::Tensor same;
    torch::load(same, file);
    EXPECT_EQ(same.device(), device);
    EXPECT_EQ(values(same), values(x));

    file.seekg(0);
    torch::load(same, file, torch::kCPU);
    EXPECT_TRUE(same.is_cpu());
    EXPECT_EQ(values(same), values(x));
}

TEST(PretendDevice, AStorageThatGrowsKeepsItsContent) {
    auto x = torch::arange(3, torch::kFloat32).to(device);
    x.resize_({2048});
    EXPECT_EQ(values(x.slice(0, 0, 3)), (std::vector<float>{0, 1, 2}));
}

/// A network and its optimizer, without anything of Stemma's.
std::vector<std::vector<float>> trained_on(torch::Device where) {
    namespace nn = torch::nn;
    torch::manual_seed(1);
    nn::Sequential net(nn::Conv2d(1, 4, 5), nn::BatchNorm2d(4), nn::ReLU(), nn::MaxPool2d(2), nn::Flatten(),
                       nn::Linear(4 * 12 * 12, 10));
    const auto x = torch::randn({20, 1, 28, 28}).to(where), y = torch::randint(10, {20}).to(where);
    net->to(where);
    torch::optim::AdamW optimizer(net->parameters(), torch::optim::AdamWOptions(1e-2));
    for (int step = 0; step < 3; ++step) {
        optimizer.zero_grad();
        torch::cross_entropy_loss(net->forward(x), y).backward();
        optimizer.step();
    }
    std::vector<std::vector<float>> out;
    for (const auto& tensor : net->parameters()) out.push_back(values(tensor.detach()));
    for (const auto& tensor : net->buffers()) out.push_back(values(tensor.to(torch::kFloat32)));
    return out;
}

TEST(PretendDevice, TrainingHasTheCpusBits) {
    const auto expected = trained_on(torch::kCPU);
    EXPECT_EQ(trained_on(device), expected);
    EXPECT_EQ(trained_on(second), expected);
}

TEST(PretendDevice, SecondDerivativesAreThere) {
    const auto w = torch::ones({4}, device).set_requires_grad(true);
    const auto first = torch::autograd::grad({(w * w * w).sum()}, {w}, {}, true, true)[0];
    EXPECT_EQ(values(torch::autograd::grad({first.sum()}, {w})[0]), std::vector<float>(4, 6));
}

}  // namespace
}  // namespace stemma::test
