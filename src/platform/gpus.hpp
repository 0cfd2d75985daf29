#pragma once
// Which GPU a worker uses: the machine is asked in one place, the decision is a pure function. No CUDA is linked.

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "platform/launch.hpp"

namespace stemma {

struct Gpu {
    int index = 0;     ///< CUDA's number of it in this process: cuda:<index>
    std::string uuid;  ///< "GPU-8a56..." or "MIG-..."; "" if not known
    std::string name;  ///< "NVIDIA H200"; "" if not known
};
using GpuList = std::vector<Gpu>;

/// The GPUs (and MIG slices) in the text that `nvidia-smi -L` prints. A GPU cut into slices is not in the list itself:
/// CUDA programs cannot use it whole. Lines that are something else are skipped. Pure.
GpuList parse_gpu_list(std::string_view nvidia_smi);

/// Those of `installed` that CUDA_VISIBLE_DEVICES leaves, in its order and renumbered from 0 as CUDA does. Entries are
/// indices, UUIDs or unambiguous beginnings of UUIDs; the first invalid one ends the list (CUDA's rule). nullopt:
/// the variable is not set. Pure.
GpuList visible_gpus(const GpuList& installed, const std::optional<std::string>& cuda_visible_devices);

/// Asks this machine: runs `nvidia-smi -L` (some 50 ms with a driver; nothing at all without) and applies
/// CUDA_VISIBLE_DEVICES of `environment`. Empty if there is no NVIDIA driver.
GpuList find_gpus(const Environment& environment);

struct GpuRequest {
    GpuList visible;          ///< what this worker's process can see
    int worker = 0;           ///< index among the workers of its host, from 0
    int workers = 1;          ///< workers on this host
    int workers_per_gpu = 1;  ///< how many may share one GPU
};
struct GpuError {
    std::string message;  ///< what, where, remedy
};

/// Pure. If the launcher bound one GPU to each worker (one visible), that one is taken whatever the worker's index;
/// else worker w gets GPU w / workers_per_gpu, so that neighbours share. Too few GPUs for the workers is an error,
/// never a silent doubling up. Throws InternalError on counts below 1 or an index out of range.
std::variant<Gpu, GpuError> assign_gpu(const GpuRequest& request);

/// Pure. `count` GPUs for one worker that trains on several: those bound to it if as many are visible as it wants, else
/// worker w gets GPUs w * count and on. None visible is no error here: the list is empty.
std::variant<GpuList, GpuError> assign_gpus(const GpuRequest& request, int count);

/// The workers of one host (as "uuid" each, "" = CPU) of which more than `workers_per_gpu` share a GPU: one warning
/// text for each such GPU. For `stemma selfcheck`, which sees what a launcher really bound. Pure.
std::vector<std::string> shared_gpu_warnings(std::string_view host, const std::vector<std::string>& uuids,
                                             int workers_per_gpu);

}  // namespace stemma
