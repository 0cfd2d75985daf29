#include <algorithm>
#include <chrono>
#include <cstdio>
#include <functional>

#include "commands.hpp"
#include "trainer/torch/device.hpp"
#include "trainer/torch/state.hpp"

namespace stemma::gpu {
namespace {

/// Of the fastest round, which other work disturbs least.
double gigabytes_a_second(std::int64_t bytes, std::int64_t rounds, const std::function<void()>& copy) {
    copy();  // memory that later copies use again
    double best = 0;
    for (std::int64_t round = 0; round < rounds; ++round) {
        const auto start = std::chrono::steady_clock::now();
        copy();
        const std::chrono::duration<double> took = std::chrono::steady_clock::now() - start;
        best = std::max(best, 1e-9 * static_cast<double>(bytes) / took.count());
    }
    return best;
}

torch::Tensor page_locked(const torch::Tensor& tensor) {
    const auto host = torch::empty(tensor.sizes(), tensor.scalar_type());
    if (tensor.is_cpu()) return host;
#if TORCH_VERSION_MAJOR < 2
    return host.pin_memory(tensor.device().type());
#else
    return host.pin_memory();
#endif
}

}  // namespace

int snapshots(const Request& request) {
    const torch::Device device(request.device);
    set_process_flags({}, device);
    const auto bytes = request.megabytes << 20;
    auto tensor = torch::ones({bytes / 4}, device);
    auto host = page_locked(tensor);
    Snapshot kept;
    const auto out = gigabytes_a_second(bytes, request.rounds, [&] {
        Snapshot snapshot;
        snapshot.reserve(static_cast<std::size_t>(bytes));
        save_tensor(tensor, "model/weight", snapshot);
        kept = std::move(snapshot);
    });
    const auto raw_out = gigabytes_a_second(bytes, request.rounds, [&] { host.copy_(tensor); });
    const auto in = gigabytes_a_second(bytes, request.rounds, [&] { restore_tensor(tensor, "model/weight", kept); });
    const auto raw_in = gigabytes_a_second(bytes, request.rounds, [&] { tensor.copy_(host); });
    std::printf("out %.4g %.4g\nin %.4g %.4g\n", out, raw_out, in, raw_in);
    return 0;
}

}  // namespace stemma::gpu
