// Counts the calls with which the host waits for a GPU. LibTorch takes these functions of the program before those of
// CUDA's library. Copies of memory that is not page-locked wait inside the driver and are not counted, unless LibTorch
// waits for them by one of these calls.
#include "device_counts.hpp"

#ifdef STEMMA_TORCH_CUDA
#include <cuda_runtime_api.h>
#include <dlfcn.h>

#include <atomic>

namespace {

std::atomic<std::int64_t> counted{0};

/// The function of CUDA's library that has the name of one in this file.
template <class Function>
Function library_function(const char* name) {
    return reinterpret_cast<Function>(dlsym(RTLD_NEXT, name));
}

}  // namespace

extern "C" {

cudaError_t CUDARTAPI cudaDeviceSynchronize() {
    static const auto wait = library_function<cudaError_t (*)()>("cudaDeviceSynchronize");
    ++counted;
    return wait();
}

cudaError_t CUDARTAPI cudaStreamSynchronize(cudaStream_t stream) {
    static const auto wait = library_function<cudaError_t (*)(cudaStream_t)>("cudaStreamSynchronize");
    ++counted;
    return wait(stream);
}

cudaError_t CUDARTAPI cudaEventSynchronize(cudaEvent_t event) {
    static const auto wait = library_function<cudaError_t (*)(cudaEvent_t)>("cudaEventSynchronize");
    ++counted;
    return wait(event);
}

cudaError_t CUDARTAPI cudaMemcpy(void* to, const void* from, std::size_t bytes, cudaMemcpyKind kind) {
    static const auto copy =
        library_function<cudaError_t (*)(void*, const void*, std::size_t, cudaMemcpyKind)>("cudaMemcpy");
    ++counted;
    return copy(to, from, bytes, kind);
}

}  // extern "C"

namespace stemma::gpu {
std::int64_t cuda_waits() { return counted; }
}  // namespace stemma::gpu
#else
namespace stemma::gpu {
std::int64_t cuda_waits() { return 0; }
}  // namespace stemma::gpu
#endif
