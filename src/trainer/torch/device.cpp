#include "trainer/torch/device.hpp"

#include <ATen/Context.h>
#include <ATen/autocast_mode.h>
#include <c10/core/impl/DeviceGuardImplInterface.h>
#include <dlfcn.h>
#ifdef __GLIBC__
#include <malloc.h>
#endif

#if __has_include(<c10/core/CachingDeviceAllocator.h>)
#include <c10/core/CachingDeviceAllocator.h>
#endif
#ifdef STEMMA_TORCH_CUDA
#include <c10/cuda/CUDACachingAllocator.h>
#include <cuda_runtime_api.h>
#endif

#include <algorithm>
#include <array>

#include "core/error.hpp"
#include "core/page_lock.hpp"

namespace stemma {
namespace {

#if TORCH_VERSION_MAJOR > 2 || (TORCH_VERSION_MAJOR == 2 && TORCH_VERSION_MINOR >= 4)
#define STEMMA_AUTOCAST_BY_DEVICE
#endif
#if TORCH_VERSION_MAJOR > 2 || (TORCH_VERSION_MAJOR == 2 && TORCH_VERSION_MINOR >= 9)
#define STEMMA_DEVICE_ALLOCATORS
#endif

/// In LibTorch's order: a library that brings an accelerator of its own registers it as PrivateUse1, which comes first.
constexpr std::array gpu_kinds{c10::DeviceType::PrivateUse1, c10::DeviceType::CUDA, c10::DeviceType::XPU};

/// GPUs of this kind that LibTorch sees here and now; 0 where it was not built for them.
int count_of(c10::DeviceType kind) {
    return c10::impl::hasDeviceGuardImpl(kind) ? c10::impl::getDeviceGuardImpl(kind)->deviceCount() : 0;
}

[[noreturn]] void no_gpu(const std::string& name, c10::DeviceType kind) {
    const auto text = c10::DeviceTypeName(kind, false);  // "CUDA"
    if (!c10::impl::hasDeviceGuardImpl(kind)) {
        throw UserError("device \"" + name + "\" is asked for, but this build's LibTorch " + torch_version() +
                        " has no " + text + ": build against a PyTorch wheel with " + text +
                        " (docs/install.md), or use device = \"cpu\"");
    }
    throw UserError("device \"" + name + "\" is asked for, but no such GPU is visible here (" +
                    std::to_string(count_of(kind)) +
                    " are): check `stemma selfcheck` and the variables that hide GPUs (CUDA_VISIBLE_DEVICES, "
                    "ROCR_VISIBLE_DEVICES, ZE_AFFINITY_MASK), or use device = \"cpu\"");
}

/// Activations are freed and wanted again with every batch; by default glibc gives them back to the kernel in between,
/// which clears each page anew (a seventh of a LeNet's time). Up to so much is kept for the next batch.
void keep_freed_memory() {
#ifdef __GLIBC__
    mallopt(M_MMAP_THRESHOLD, 32 << 20);  // the largest that glibc takes; what is larger is still given back
    mallopt(M_TRIM_THRESHOLD, 128 << 20);
#endif
}

#ifdef STEMMA_TORCH_CUDA
bool register_block(void* block, std::size_t bytes) noexcept {
    if (cudaHostRegister(block, bytes, cudaHostRegisterPortable) == cudaSuccess) return true;
    cudaGetLastError();  // else the next check of LibTorch's finds it
    return false;
}

void unregister_block(void* block) noexcept {
    if (cudaHostUnregister(block) != cudaSuccess) cudaGetLastError();
}
#endif

/// Snapshots are copied out of and into the GPU at the bus's speed.
void lock_snapshot_memory() {
#ifdef STEMMA_TORCH_CUDA
    lock_large_blocks({register_block, unregister_block});
#endif
}

}  // namespace

std::string torch_gpu_kind() {
    for (const auto kind : gpu_kinds) {
        if (c10::impl::hasDeviceGuardImpl(kind)) return c10::DeviceTypeName(kind, true);
    }
    return "";
}

int torch_gpus() {
    for (const auto kind : gpu_kinds) {
        if (c10::impl::hasDeviceGuardImpl(kind)) return count_of(kind);
    }
    return 0;
}

std::string torch_version() {
    return std::to_string(TORCH_VERSION_MAJOR) + "." + std::to_string(TORCH_VERSION_MINOR) + "." +
           std::to_string(TORCH_VERSION_PATCH);
}

torch::Device checked_device(const std::string& name) {
    torch::Device device(torch::kCPU);
    try {
        device = torch::Device(name);
    } catch (const c10::Error&) {
        throw UserError("there is no device \"" + name + "\"; write \"cpu\", \"cuda\", \"cuda:0\" or \"xpu:0\"");
    }
    if (device.is_cpu()) return device;
    if (std::ranges::find(gpu_kinds, device.type()) == gpu_kinds.end()) {
        throw UserError("device \"" + name + "\" is of a kind that is not supported; use \"cpu\", \"cuda\" or \"xpu\"");
    }
    if (!device.has_index()) device.set_index(0);
    if (device.index() >= count_of(device.type())) no_gpu(name, device.type());
    return device;
}

void set_process_flags(const TorchSettings& settings, torch::Device device) {
    if (device.is_cpu()) return keep_freed_memory();
    if (device.is_cuda()) lock_snapshot_memory();
    auto& context = at::globalContext();
    context.setDeterministicAlgorithms(settings.deterministic, /*warn_only=*/true);
    context.setDeterministicCuDNN(settings.deterministic);
    context.setBenchmarkCuDNN(!settings.deterministic);
    context.setAllowTF32CuBLAS(settings.tf32);
    context.setAllowTF32CuDNN(settings.tf32);
}

void set_threads(int threads) {
    at::set_num_threads(threads);
    // LibTorch does not tell OpenBLAS, whose own pool would take every core of the host in each worker.
    using SetThreads = void (*)(int);
    if (auto* symbol = dlsym(RTLD_DEFAULT, "openblas_set_num_threads")) reinterpret_cast<SetThreads>(symbol)(threads);
}

std::string blas_text() {
    const auto name = reinterpret_cast<const char* (*)()>(dlsym(RTLD_DEFAULT, "openblas_get_corename"));
    return name == nullptr ? "" : std::string("OpenBLAS's kernels for ") + name();
}

const at::Generator& default_generator(torch::Device device) {
#if TORCH_VERSION_MAJOR < 2
    // LibTorch 1 knows the generators of the CPU and of CUDA. What brings it another kind of device offers its own
    // here.
    using Offered = const at::Generator& (*)(torch::Device);
    auto* symbol = device.is_cpu() || device.is_cuda() ? nullptr : dlsym(RTLD_DEFAULT, "stemma_default_generator");
    if (symbol != nullptr) return reinterpret_cast<Offered>(symbol)(device);
#endif
    return at::globalContext().defaultGenerator(device);
}

at::Generator make_generator(torch::Device device) { return default_generator(device).clone(); }

/// Only copies from page-locked memory do not wait. LibTorch keeps this memory until the copy is done.
torch::Tensor sent(const torch::Tensor& host, torch::Device device) {
    if (device.is_cpu()) return host;
#if TORCH_VERSION_MAJOR < 2
    return host.pin_memory(device.type()).to(device, /*non_blocking=*/true);
#else
    return host.pin_memory().to(device, /*non_blocking=*/true);  // knows the accelerator by itself
#endif
}

void release_memory([[maybe_unused]] torch::Device device) {
#ifdef STEMMA_TORCH_CUDA
    if (device.is_cuda()) c10::cuda::CUDACachingAllocator::emptyCache();
#endif
#ifdef STEMMA_DEVICE_ALLOCATORS
    if (device.is_cpu() || device.is_cuda()) return;
    auto* allocator = dynamic_cast<c10::DeviceAllocator*>(c10::GetAllocator(device.type()));
    if (allocator != nullptr && allocator->initialized()) allocator->emptyCache();
#endif
}

Autocast::Autocast(bool on, torch::Device device) : on_(on), device_(device) {
    if (!on_) return;
#ifdef STEMMA_AUTOCAST_BY_DEVICE
    at::autocast::set_autocast_dtype(device_.type(), torch::kBFloat16);
#else
    at::autocast::set_autocast_gpu_dtype(torch::kBFloat16);
    at::autocast::set_autocast_cpu_dtype(torch::kBFloat16);
    at::autocast::set_autocast_xpu_dtype(torch::kBFloat16);
#endif
    enable(true);
}

Autocast::~Autocast() {
    if (!on_) return;
    at::autocast::clear_cache();  // it holds casts of weights that the optimizer is about to change
    enable(false);
}

void Autocast::enable(bool on) {
#ifdef STEMMA_AUTOCAST_BY_DEVICE
    at::autocast::set_autocast_enabled(device_.type(), on);
#else
    if (device_.is_cuda()) {
        at::autocast::set_enabled(on);
    } else if (device_.is_xpu()) {
        at::autocast::set_xpu_enabled(on);
    } else {
        at::autocast::set_cpu_enabled(on);
    }
#endif
}

}  // namespace stemma
