#pragma once
// Where a worker trains: its slot on its host, and the cores and GPUs of that slot.

#include <string>
#include <string_view>

#include "app/ranks/ranks.hpp"
#include "app/registry.hpp"
#include "platform/launch.hpp"
#include "platform/worker_slots.hpp"

namespace stemma {

struct WorkerPlace {
    TrainerPlace trainer;
    std::string device;  ///< for the user: "cuda:0 NVIDIA H200 (GPU-8a56...)"
};

/// What this process sees, if the job may train on it.
GpuList gpus_for(const Job& job);

/// The slot of rank `rank`, which may use `gpus`, among the workers of its host. All ranks call it together.
WorkerSlot slot_among(Ranks& ranks, int rank, const Launch& process, const GpuList& gpus);

/// Training threads of a worker if the job sets no number: its share of the cores that it may use.
std::uint32_t threads_of(const WorkerSlot& slot);

/// What a user must know before a job trains on the CPU although this machine has `gpus`: LibTorch is for GPUs of the
/// kind `torch_gpu_kind` only ("" = for none). "" if there is nothing to say. Pure.
std::string unused_gpus_note(const Job& job, std::string_view torch_gpu_kind, const GpuList& gpus);
/// The same of this machine and this program.
std::string unused_gpus_note(const Job& job);

/// GPUs that each worker of the job needs, where there are any.
int gpus_per_worker(const Job& job);
/// Processes in which each worker trains a member.
int processes_per_worker(const Job& job);
/// Workers that `stemma run` starts in one process where this one sees `gpus`, if it is given no number: as many as the
/// GPUs allow. Without GPUs as many as the cores allow. At least 1.
int workers_here(const Job& job, const GpuList& gpus);

/// Throws UserError if the job wants a GPU and there is none for this slot.
WorkerPlace place_of(const Job& job, const WorkerSlot& slot);

}  // namespace stemma
