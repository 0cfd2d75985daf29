#pragma once
// The GPUs of this machine, by what the makers' tools print. Nothing of CUDA, ROCm or oneAPI is linked. NVIDIA's tool
// was tried; AMD's and Intel's were not: their texts are recorded ones (tests/unit/platform/gpu_tools_test.cpp).

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "platform/gpus.hpp"
#include "platform/launch.hpp"

namespace stemma {

/// The GPUs (and MIG slices) in the text that `nvidia-smi -L` prints. A GPU cut into slices is left out, because CUDA
/// programs cannot use it whole. Other lines are skipped. Pure.
GpuList nvidia_gpus(std::string_view nvidia_smi);

/// The GPUs in the text that `rocm-smi --showproductname --showuniqueid` prints. The UUID is as ROCr writes it: "GPU-"
/// and 16 hexadecimal digits; "" where the tool knows none. Pure.
GpuList amd_gpus(std::string_view rocm_smi);

/// The physical GPUs in the JSON that `xpu-smi discovery -j` prints; none if it is no such JSON. Pure.
GpuList intel_gpus(std::string_view xpu_smi);

/// The GPUs of `installed` that a list such as CUDA_VISIBLE_DEVICES or ROCR_VISIBLE_DEVICES leaves, in its order and
/// renumbered from 0. Entries are indices, UUIDs or unambiguous beginnings of UUIDs. The first invalid entry ends the
/// list (CUDA's rule). nullopt: the variable is not set. Pure.
GpuList visible_gpus(const GpuList& installed, const std::optional<std::string>& variable);

/// What the maker's variables leave of `installed`, renumbered from 0. AMD: first ROCR_VISIBLE_DEVICES, then of these
/// HIP_VISIBLE_DEVICES, or CUDA_VISIBLE_DEVICES if that is not set. Intel: ZE_AFFINITY_MASK, whose order does not
/// count; of an entry with a part ("0.1") the card counts. Pure.
GpuList visible_gpus(const GpuList& installed, const Environment& environment);

/// GPUs to look for. An Intel GPU may be a part of any processor, so it is not looked for unless it is asked for.
enum class GpuWish : std::uint8_t {
    cuda,  ///< NVIDIA's, else AMD's
    xpu,   ///< Intel's
    any,   ///< NVIDIA's, else AMD's, else Intel's
};

/// Asks this machine: runs the tool of each maker that is looked for, until one has GPUs (some 50 ms), and applies
/// visible_gpus(). Without a maker's driver its tool is not run.
GpuList find_gpus(const Environment& environment, GpuWish wish);

}  // namespace stemma
