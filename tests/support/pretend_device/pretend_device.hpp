#pragma once
// An accelerator for tests. Its memory is host memory that the host cannot touch: a read outside of a kernel or a copy
// ends the process with SIGSEGV. Kernels are the CPU's, so that results have the CPU's bits. Mixed devices are errors.
// All functions may be called by any thread.
//
// In LibTorch 1 it has the dispatch slot of XPUs, which LibTorch itself leaves empty. In LibTorch 2 it registers itself
// as other makers' accelerators do (PrivateUse1, as PyTorch's OpenReg), and comes before a CUDA that is built in.
//
// Linked by unit tests; preloaded into programs (LD_PRELOAD). Environment variables, read when the library is loaded:
//   STEMMA_PRETEND_DEVICES   how many there are, at most 8 (default 2)
//   STEMMA_PRETEND_MEMORY    memory of each device in bytes (default: no limit)
//   STEMMA_PRETEND_LOST      "1:300": device 1 is lost with its kernel number 300
//   STEMMA_PRETEND_REPORT    a folder: each process that used a device leaves a file PID with its counts

#include <c10/core/DeviceType.h>
#include <torch/version.h>

#include <cstddef>
#include <cstdint>

namespace stemma::test::pretend {

// LibTorch's slot and name of the kind, and its first two devices.
#if TORCH_VERSION_MAJOR < 2
constexpr auto slot = c10::DeviceType::XPU;
constexpr const char *kind = "xpu", *first = "xpu:0", *second = "xpu:1";
#else
constexpr auto slot = c10::DeviceType::PrivateUse1;
constexpr const char *kind = "pretend", *first = "pretend:0", *second = "pretend:1";
#endif

/// What has happened on a device since the start of the process.
struct Counts {
    std::int64_t launches = 0;   ///< kernels
    std::int64_t to_device = 0;  ///< copies from the host
    std::int64_t to_host = 0;    ///< copies to the host
    std::int64_t items = 0;      ///< reads of one number: item()
    /// How often the host waited for the device: item(), copies but those without blocking between the device and
    /// page-locked memory, and kernels whose result's size depends on data (nonzero, masks as indices).
    std::int64_t waits = 0;
};

int devices();
Counts counts(int device = 0);
std::int64_t bytes_in_use(int device);
/// How often LibTorch was asked to give memory that it keeps for reuse back. LibTorch 1 asks CUDA alone: 0.
std::int64_t memory_given_back();
/// Of each device; 0 = no limit. More throws c10::OutOfMemoryError.
void limit_memory(std::int64_t bytes);
/// From its kernel number `launch` on, counted from now, all operations of this device throw. 0 = the device is sound.
void lose(int device, std::int64_t launch);

}  // namespace stemma::test::pretend
