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
    std::vector<GpuList> visible;  ///< what each worker of this host sees, in order of rank
    int worker = 0;                ///< which of them asks, from 0
    int workers_per_gpu = 1;       ///< how many may share one GPU
    int gpus_per_worker = 1;       ///< more for a worker whose program trains one model on several
};
struct GpuError {
    std::string message;  ///< what, where, remedy
};

/// Pure, and the same plan whoever of the host asks: workers that see the fewest GPUs choose first (a launcher bound
/// them to those), and each takes the first gpus_per_worker in its list that are not full. So with all GPUs visible to
/// all, worker w gets GPU w / workers_per_gpu and neighbours share; with one GPU bound to each worker, it gets that
/// one. A GPU that would get more than workers_per_gpu workers is an error of the worker that finds no other, never a
/// silent doubling up. GPUs are told apart by UUID, or by index where that is not known. Throws InternalError on a
/// count below 1 or an index out of range.
std::variant<GpuList, GpuError> assign_gpus(const GpuRequest& request);

}  // namespace stemma
