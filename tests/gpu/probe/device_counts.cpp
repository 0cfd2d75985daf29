#include "device_counts.hpp"

#ifdef STEMMA_TORCH_CUDA
#include <cuda_runtime_api.h>
#endif
#ifdef STEMMA_PRETEND_DEVICE
#include "support/pretend_device/pretend_device.hpp"
#endif

namespace stemma::gpu {

std::optional<std::int64_t> waits([[maybe_unused]] torch::Device device) {
#ifdef STEMMA_TORCH_CUDA
    if (device.is_cuda()) return cuda_waits();
#endif
#ifdef STEMMA_PRETEND_DEVICE
    if (device.type() == test::pretend::slot) return test::pretend::counts(device.index()).waits;
#endif
    return {};
}

std::optional<std::int64_t> bytes_in_use([[maybe_unused]] torch::Device device) {
#ifdef STEMMA_TORCH_CUDA
    std::size_t unused = 0, all = 0;
    if (device.is_cuda() && cudaMemGetInfo(&unused, &all) == cudaSuccess)
        return static_cast<std::int64_t>(all - unused);
#endif
#ifdef STEMMA_PRETEND_DEVICE
    if (device.type() == test::pretend::slot) return test::pretend::bytes_in_use(device.index());
#endif
    return {};
}

}  // namespace stemma::gpu
