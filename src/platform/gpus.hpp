#pragma once
// Which GPU a worker uses. One function asks the machine, and the decision is a pure function. No CUDA is linked.

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "platform/launch.hpp"

namespace stemma {

struct Gpu {
    int index = 0;     ///< CUDA's number of the GPU in this process: cuda:<index>
    std::string uuid;  ///< "GPU-8a56..." or "MIG-..."; "" if not known
    std::string name;  ///< "NVIDIA H200"; "" if not known
};
using GpuList = std::vector<Gpu>;

/// The GPUs (and MIG slices) in the text that `nvidia-smi -L` prints. A GPU cut into slices is left out, because CUDA
/// programs cannot use it whole. Other lines are skipped. Pure.
GpuList parse_gpu_list(std::string_view nvidia_smi);

/// The GPUs of `installed` that CUDA_VISIBLE_DEVICES leaves, in its order and renumbered from 0 as CUDA does. Entries
/// are indices, UUIDs or unambiguous beginnings of UUIDs. The first invalid entry ends the list (CUDA's rule). nullopt:
/// the variable is not set. Pure.
GpuList visible_gpus(const GpuList& installed, const std::optional<std::string>& cuda_visible_devices);

/// Asks this machine: runs `nvidia-smi -L` (some 50 ms) and applies CUDA_VISIBLE_DEVICES of `environment`. Without an
/// NVIDIA driver nothing is run, and the list is empty.
GpuList find_gpus(const Environment& environment);

struct GpuRequest {
    std::vector<GpuList> visible;  ///< what each worker of this host sees, in order of rank
    int worker = 0;                ///< the worker that asks, from 0
    int workers_per_gpu = 1;       ///< how many may share one GPU
    int gpus_per_worker = 1;       ///< more than 1 for a worker whose program trains one model on several GPUs
};
struct GpuError {
    std::string message;  ///< what, where, remedy
};

/// Assigns GPUs to all workers of the host. Pure: every worker of the host computes the same plan.
/// * Workers that see the fewest GPUs choose first, because a launcher bound them to these GPUs.
/// * Each worker takes the first gpus_per_worker GPUs in its list that are not full.
/// * If all workers see all GPUs, worker w gets GPU w / workers_per_gpu, and neighbors share. If each worker is bound
///   to one GPU, it gets that GPU.
/// * A GPU never gets more than workers_per_gpu workers: a worker that finds no other GPU gets an error.
/// * GPUs are told apart by UUID, or by index where the UUID is not known.
///
/// Throws InternalError on a count below 1 or an index out of range.
std::variant<GpuList, GpuError> assign_gpus(const GpuRequest& request);

}  // namespace stemma
