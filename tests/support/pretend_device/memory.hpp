#pragma once
// Memory of the pretend device, and what is counted.

#include <ATen/ATen.h>
#include <torch/version.h>

#include <array>
#include <atomic>

#include "support/pretend_device/pretend_device.hpp"

namespace stemma::test::pretend {

// The slot as a word of macros. Allocators of LibTorch 1 are constant.
#if TORCH_VERSION_MAJOR < 2
#define STEMMA_PRETEND_SLOT XPU
#define STEMMA_PRETEND_AUTOCAST AutocastXPU
#define STEMMA_ALLOCATOR_CONST const
#else
#define STEMMA_PRETEND_SLOT PrivateUse1
#define STEMMA_PRETEND_AUTOGRAD AutogradPrivateUse1
#define STEMMA_PRETEND_AUTOCAST AutocastPrivateUse1
#define STEMMA_ALLOCATOR_CONST
#endif

constexpr auto key = c10::DispatchKey::STEMMA_PRETEND_SLOT;
constexpr int most_devices = 8;

struct Device {
    std::atomic<std::int64_t> launches{0}, to_device{0}, to_host{0}, items{0}, waits{0}, bytes{0};
    std::atomic<std::int64_t> lost_at{0};  ///< launch; 0 = never
};
Device& device_of(c10::Device device);

/// Counts a kernel, unless it is one of a replayed graph. Throws when the device is lost.
void launch(c10::Device device);
/// Whether a graph is replayed now, by any thread.
std::atomic<bool>& replaying();
/// Throws when the device is lost.
void demand_sound(c10::Device device);

c10::Allocator& allocator();

/// What is behind a generator of the device: one of the host.
at::Generator host_generator(const at::Generator& generator);

/// A block of the host that can be copied without a wait.
bool is_page_locked(const void* block);

/// The memory behind a tensor, open to the host as long as this lives. Nothing for tensors of the host.
class Open {
public:
    explicit Open(const at::Tensor& tensor);
    explicit Open(void* block);
    Open(Open&& other) noexcept : block_(std::exchange(other.block_, nullptr)) {}
    Open(const Open&) = delete;
    Open& operator=(const Open&) = delete;
    ~Open();

private:
    void* block_;
};

}  // namespace stemma::test::pretend
