#pragma once
// Which GPU a worker uses. The decision is a pure function. gpu_tools.hpp asks the machine.

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace stemma {

enum class GpuMaker : std::uint8_t {
    nvidia,
    amd,
    intel,
    other,  ///< known from LibTorch alone: a loaded library registers its accelerators there (PrivateUse1)
};

struct Gpu {
    int index = 0;          ///< the number of the GPU in this process, as in cuda:<index>
    std::string uuid = {};  ///< "GPU-8a56..." or "MIG-..."; "" if not known
    std::string name = {};  ///< "NVIDIA H200"; "" if not known
    GpuMaker maker = GpuMaker::nvidia;
    int installed = 0;  ///< the number of the GPU on this host, whatever is visible
};
using GpuList = std::vector<Gpu>;

/// A part of a GPU (MIG). A program of CUDA sees one slice only, whatever it is given.
inline bool is_slice(const Gpu& gpu) { return gpu.uuid.starts_with("MIG-"); }

/// LibTorch's name for such a device: "cuda" (AMD's too, since ROCm's LibTorch calls itself so), "xpu" or
/// "privateuseone".
std::string_view torch_name(GpuMaker maker);
/// The variable that hides GPUs from a program, and what names `gpu` in it: CUDA_VISIBLE_DEVICES (NVIDIA: UUID),
/// ROCR_VISIBLE_DEVICES (AMD: UUID, else the number on the host), ZE_AFFINITY_MASK (Intel: the number on the host); ""
/// for other makers'.
std::string_view visibility_variable(GpuMaker maker);
std::string visibility_value(const Gpu& gpu);

struct GpuRequest {
    std::vector<GpuList> visible;  ///< what each worker of this host sees, in order of rank
    int worker = 0;                ///< the worker that asks, from 0
    int workers_per_gpu = 1;       ///< how many may share one GPU
    int gpus_per_worker = 1;       ///< more than 1 for a worker whose program trains one model on several GPUs
};
struct GpuError {
    std::string message;  ///< what, where, remedy
};

/// Workers that find GPUs on a host with so many, if all see all of them. Pure.
int workers_for(int gpus, int workers_per_gpu, int gpus_per_worker);

/// Workers of the host that find GPUs: the rest get an error, and train nothing. Pure.
int served_workers(const GpuRequest& request);

/// Assigns GPUs to all workers of the host. Pure: every worker of the host computes the same plan.
/// * Workers that see the fewest GPUs choose first, because a launcher bound them to these GPUs.
/// * Each worker takes the first gpus_per_worker GPUs in its list that are not full.
/// * If all workers see all GPUs, worker w gets GPU w / workers_per_gpu, and neighbors share. If each worker is bound
///   to one GPU, it gets that GPU.
/// * A GPU never gets more than workers_per_gpu workers: a worker that finds no other GPU gets an error, and takes
/// none.
/// * GPUs are told apart by UUID, or by their number on the host where the UUID is not known.
///
/// Throws InternalError on a count below 1 or an index out of range.
std::variant<GpuList, GpuError> assign_gpus(const GpuRequest& request);

}  // namespace stemma
