#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <functional>

#include "commands.hpp"
#include "device_counts.hpp"
#include "trainer/torch/classify.hpp"
#ifdef STEMMA_PRETEND_DEVICE
#include "support/pretend_device/pretend_device.hpp"
#endif

namespace stemma::gpu {
namespace {

/// Prints what the search is told of the failure. Its message is made one line.
void tell_failure(const std::function<void()>& work) {
    try {
        work();
        std::printf("none - no exception\n");
    } catch (const std::exception& error) {
        auto failure = classify(error, 0);
        std::ranges::replace(failure.message, '\n', ' ');
        std::printf("%s %s %s\n", std::string(name_of(failure.kind)).c_str(), failure.type.c_str(),
                    failure.message.c_str());
    }
    std::fflush(stdout);
}

/// A label that the network has no output for. The pretend device has no assertions: it is lost instead.
void wrong_label(torch::Device device) {
#ifdef STEMMA_PRETEND_DEVICE
    if (device.type() == test::pretend::slot) test::pretend::lose(device.index(), 1);
#endif
    const auto output = torch::zeros({4, 3}, device);
    const auto labels = torch::full({4}, 7, torch::kInt64).to(device);
    static_cast<void>(torch::nll_loss(output, labels).item<float>());
}

/// Takes blocks of 1 GiB, and 4 MiB of the pretend device, until the device has no more.
void take_all(torch::Device device) {
    const auto bytes = std::int64_t{1} << (device.is_cuda() ? 30 : 22);
    constexpr int most = 4096;
    std::vector<torch::Tensor> blocks;
    for (int i = 0; i < most; ++i) blocks.push_back(torch::empty({bytes}, torch::device(device).dtype(torch::kUInt8)));
}

}  // namespace

int failed_assertion(const Request& request) {
    const torch::Device device(request.device);
    tell_failure([&] { wrong_label(device); });
    std::_Exit(0);  // a lost device throws while tensors and handles are destroyed
}

int full_memory(const Request& request) {
    const torch::Device device(request.device);
    auto member = training(request);
#ifdef STEMMA_PRETEND_DEVICE
    if (device.type() == test::pretend::slot)
        test::pretend::limit_memory(*bytes_in_use(device) + (std::int64_t{64} << 20));
#endif
    tell_failure([&] { take_all(device); });
    member.train(0, request.from);
    std::printf("then works\n");
    return 0;
}

}  // namespace stemma::gpu
