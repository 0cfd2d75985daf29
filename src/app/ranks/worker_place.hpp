#pragma once
// Where a worker trains: its seat on its host, and the cores and GPUs that go with it.

#include <string>

#include "app/ranks/ranks.hpp"
#include "app/registry.hpp"
#include "platform/launch.hpp"
#include "platform/seats.hpp"

namespace stemma {

struct WorkerPlace {
    TrainerPlace trainer;
    std::string device;  ///< for people: "cuda:0 NVIDIA H200 (GPU-8a56...)"
};

/// What this process sees, if the job may train on it.
GpuList gpus_for(const Job& job);

/// Where rank `rank`, which may use `gpus`, sits among the workers of its host. All ranks ask together.
WorkerSeat seat_among(Ranks& ranks, int rank, const Launch& process, const GpuList& gpus);

/// Training threads of a worker that a job gives no number: its share of the cores that it may use.
std::uint32_t threads_of(const WorkerSeat& seat);

/// Throws UserError if the job wants a GPU and there is none for this seat.
WorkerPlace place_of(const Job& job, const WorkerSeat& seat);

}  // namespace stemma
