#pragma once
// What is known of a device while this program uses it.

#include <torch/torch.h>

#include <cstdint>
#include <optional>

namespace stemma::gpu {

/// How often the host has waited for the device since the start of the program. nullopt on a CPU.
std::optional<std::int64_t> waits(torch::Device device);
/// Memory of the device in use, in bytes: of all programs on CUDA. nullopt on a CPU.
std::optional<std::int64_t> bytes_in_use(torch::Device device);

/// CUDA: calls that wait for the GPU (cuda_waits.cpp).
std::int64_t cuda_waits();

}  // namespace stemma::gpu
