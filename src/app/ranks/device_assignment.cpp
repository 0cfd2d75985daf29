#include "app/ranks/device_assignment.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "core/error.hpp"
#include "platform/gpu_tools.hpp"
#include "platform/machine.hpp"
#include "platform/mps.hpp"

namespace stemma {

namespace {

/// A program links its own CUDA: the GPUs that it sees do not depend on how Stemma was built.
bool can_use_gpus(const Job& job) {
    const auto& traits = job.trainer.type->traits;
    return traits.program || (traits.libtorch && !torch_gpu_kind_here().empty());
}

GpuWish wish_of(const Job& job) {
    if (job.trainer.type->traits.libtorch) return torch_gpu_kind_here() == "xpu" ? GpuWish::xpu : GpuWish::cuda;
    if (job.workers.device == Device::xpu) return GpuWish::xpu;
    return job.workers.device == Device::gpu ? GpuWish::any : GpuWish::cuda;
}

/// Accelerators that a loaded library has registered with LibTorch: no tool of Stemma's lists them. Each process of a
/// host numbers them alike.
GpuList registered_gpus(const std::string& kind) {
    GpuList list;
    for (int index = 0; index < torch_gpus_here(); ++index)
        list.push_back({.index = index, .name = kind, .maker = GpuMaker::other, .installed = index});
    return list;
}

/// Throws UserError where a member would be trained on several slices of a GPU, or by several processes on one.
void require_whole(const Job& job, const WorkerSlot& slot, const GpuList& assigned) {
    const auto& visible = slot.gpus[static_cast<std::size_t>(slot.index)];
    const bool sliced = std::ranges::any_of(
        assigned, [&](const Gpu& gpu) { return is_slice(visible[static_cast<std::size_t>(gpu.index)]); });
    const bool several = gpus_per_worker(job) > 1 || processes_per_worker(job) > 1;
    if (!sliced || !several) return;
    throw UserError(fmt::format(
        "a GPU of {} is cut into slices (MIG), and trainer.{} = {} needs whole ones: a program of CUDA sees one slice "
        "only, and NCCL knows none; give each worker one slice and one process, or let an administrator switch MIG off",
        host_name(), processes_per_worker(job) > 1 ? "processes" : "gpus_per_worker",
        std::max(gpus_per_worker(job), processes_per_worker(job))));
}

}  // namespace

GpuList gpus_for(const Job& job) {
    if (job.workers.device == Device::cpu || !can_use_gpus(job)) return {};
    const auto kind = job.trainer.type->traits.libtorch ? torch_gpu_kind_here() : "";
    if (!kind.empty() && kind != "cuda" && kind != "xpu") return registered_gpus(kind);
    return find_gpus(read_environment(), wish_of(job));
}

WorkerSlot slot_among(Ranks& ranks, int rank, const Launch& process, const GpuList& gpus) {
    const RankFacts own{process.host.empty() ? host_name() : process.host, core_set(), rank == 0 ? GpuList{} : gpus};
    std::vector<RankFacts> all;
    for (const auto& text : ranks.all_texts(to_text(own))) all.push_back(facts_of(text));
    return rank == 0 ? WorkerSlot{} : slot_of(rank, all);
}

std::uint32_t threads_of(const WorkerSlot& slot) {
    return static_cast<std::uint32_t>(std::max(1, usable_cores() / slot.sharing));
}

std::string unused_gpus_note(const Job& job, std::string_view torch_gpu_kind, const GpuList& gpus) {
    const bool wanted = job.trainer.type->traits.libtorch && job.workers.device == Device::automatic;
    if (!wanted || gpus.empty() || torch_gpu_kind == torch_name(gpus.front().maker)) return {};
    return fmt::format(
        "training on the CPU: a GPU is visible ({}), but LibTorch of this build has no {} (docs/install.md, "
        "\"With a GPU\"); workers.device = \"cpu\" says that this is meant",
        gpus.front().name.empty() ? "of unknown name" : gpus.front().name,
        gpus.front().maker == GpuMaker::nvidia ? "CUDA" : "support for it");
}

std::string unused_gpus_note(const Job& job) {
    if (!job.trainer.type->traits.libtorch || job.workers.device != Device::automatic) return {};
    const auto kind = torch_gpu_kind_here();
    return kind.empty() ? unused_gpus_note(job, kind, find_gpus(read_environment(), GpuWish::cuda)) : "";
}

int gpus_per_worker(const Job& job) { return static_cast<int>(job.trainer.integer("gpus_per_worker").value_or(1)); }

int processes_per_worker(const Job& job) {
    return std::max(1, static_cast<int>(job.trainer.integer("processes").value_or(1)));
}

int workers_here(const Job& job, const GpuList& gpus) {
    const int served = gpus.empty() ? usable_cores() / processes_per_worker(job)
                                    : workers_for(static_cast<int>(gpus.size()), static_cast<int>(job.workers.per_gpu),
                                                  gpus_per_worker(job));
    return std::max(1, served);
}

WorkerPlace place_of(const Job& job, const WorkerSlot& slot) {
    TrainerPlace place;
    const auto visible = gpus_for(job);
    const GpuRequest request{.visible = slot.gpus,
                             .worker = slot.index,
                             .workers_per_gpu = static_cast<int>(job.workers.per_gpu),
                             .gpus_per_worker = gpus_per_worker(job)};
    auto training = slot;  // workers without a GPU leave their cores to the others
    if (!visible.empty()) training.sharing = std::clamp(served_workers(request), 1, std::max(1, slot.sharing));
    place.threads = job.workers.threads > 0 ? job.workers.threads : threads_of(training);
    if (visible.empty()) {
        if (job.workers.device == Device::automatic || job.workers.device == Device::cpu) return {place, place.device};
        throw UserError(fmt::format(
            "workers.device asks for a GPU, but {}; use device = \"cpu\", or a LibTorch for GPUs (docs/install.md)",
            can_use_gpus(job) ? "no GPU is visible here" : "this build's LibTorch has no CUDA"));
    }
    const auto assigned = assign_gpus(request);
    if (const auto* error = std::get_if<GpuError>(&assigned)) throw UserError(error->message);
    require_whole(job, slot, std::get<GpuList>(assigned));
    std::string device;
    for (const auto& gpu : std::get<GpuList>(assigned)) {
        const auto& own = visible[static_cast<std::size_t>(gpu.index)];  // slots know no names
        place.gpus.push_back(visibility_value(own));
        device += fmt::format("{}{}:{} {} ({})", device.empty() ? "" : ", ", torch_name(own.maker), own.index, own.name,
                              own.uuid.empty() ? std::to_string(own.installed) : own.uuid);
    }
    const auto maker = visible.front().maker;
    place.gpu_variable = visibility_variable(maker);
    if (maker == GpuMaker::nvidia && job.workers.per_gpu > 1 && job.trainer.type->traits.program &&
        mps_runs(read_environment()))
        place.mps_percentage = std::max(1U, 100 / job.workers.per_gpu);
    place.device = fmt::format("{}:{}", torch_name(maker), std::get<GpuList>(assigned).front().index);
    return {place, device};
}

}  // namespace stemma
