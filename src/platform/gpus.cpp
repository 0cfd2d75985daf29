#include "platform/gpus.hpp"

#include <algorithm>
#include <map>
#include <numeric>

#include "core/error.hpp"

namespace stemma {

std::string_view torch_name(GpuMaker maker) {
    if (maker == GpuMaker::other) return "privateuseone";
    return maker == GpuMaker::intel ? "xpu" : "cuda";
}

std::string_view visibility_variable(GpuMaker maker) {
    switch (maker) {
        case GpuMaker::nvidia:
            return "CUDA_VISIBLE_DEVICES";
        case GpuMaker::amd:
            return "ROCR_VISIBLE_DEVICES";
        case GpuMaker::intel:
            return "ZE_AFFINITY_MASK";
        case GpuMaker::other:
            return "";
    }
    unreachable("a GPU is of one of the makers");
}

std::string visibility_value(const Gpu& gpu) {
    const bool by_uuid = gpu.maker != GpuMaker::intel && !gpu.uuid.empty();
    return by_uuid ? gpu.uuid : std::to_string(gpu.installed);
}

namespace {

std::string identity(const Gpu& gpu) {
    return gpu.uuid.empty() ? "GPU " + std::to_string(gpu.installed) + " of the host" : gpu.uuid;
}

/// The GPUs of each worker when all workers of the host choose in turn. A worker that does not find gpus_per_worker of
/// them leaves to the others what it found. Its list is shorter, then.
std::vector<GpuList> chosen(const GpuRequest& request) {
    std::vector<std::size_t> order(request.visible.size());
    std::iota(order.begin(), order.end(), std::size_t{0});
    std::stable_sort(order.begin(), order.end(),
                     [&](auto a, auto b) { return request.visible[a].size() < request.visible[b].size(); });
    std::vector<GpuList> all(request.visible.size());
    std::map<std::string, int> users;
    for (const auto worker : order) {
        auto& got = all[worker];
        for (const auto& gpu : request.visible[worker]) {
            if (std::ssize(got) == request.gpus_per_worker) break;
            if (users[identity(gpu)] < request.workers_per_gpu) got.push_back(gpu);
        }
        if (std::ssize(got) < request.gpus_per_worker) continue;
        for (const auto& gpu : got) ++users[identity(gpu)];
    }
    return all;
}

std::string count_text(std::int64_t count, const std::string& what) {
    return std::to_string(count) + " " + what + (count == 1 ? "" : "s");
}

}  // namespace

int workers_for(int gpus, int workers_per_gpu, int gpus_per_worker) { return gpus / gpus_per_worker * workers_per_gpu; }

int served_workers(const GpuRequest& request) {
    const auto all = chosen(request);
    return static_cast<int>(
        std::ranges::count_if(all, [&](const auto& got) { return std::ssize(got) == request.gpus_per_worker; }));
}

std::variant<GpuList, GpuError> assign_gpus(const GpuRequest& request) {
    ensure(request.workers_per_gpu >= 1 && request.gpus_per_worker >= 1, "assign_gpus: counts from 1");
    ensure(request.worker >= 0 && request.worker < std::ssize(request.visible), "assign_gpus: a worker of this host");
    const auto& seen = request.visible[static_cast<std::size_t>(request.worker)];
    if (seen.empty()) {
        return GpuError{
            "no GPU is visible to this worker; ask for one of the batch system (Slurm: --gpus-per-node), look at "
            "`stemma selfcheck` and at the variables that hide GPUs (CUDA_VISIBLE_DEVICES, ROCR_VISIBLE_DEVICES, "
            "ZE_AFFINITY_MASK), or set [workers] device = \"cpu\""};
    }
    auto got = chosen(request)[static_cast<std::size_t>(request.worker)];
    if (std::ssize(got) == request.gpus_per_worker) return got;
    return GpuError{"this worker sees " + count_text(std::ssize(seen), "GPU") + " (" + identity(seen.front()) +
                    (seen.size() == 1 ? "" : ", ...") + "), of which " + std::to_string(got.size()) + " of the " +
                    std::to_string(request.gpus_per_worker) +
                    " that it needs do not belong to other workers; this host has " +
                    count_text(std::ssize(request.visible), "worker") + ", " + std::to_string(request.workers_per_gpu) +
                    " for each GPU: start fewer on it, or let more share a GPU ([workers] per_gpu)"};
}

}  // namespace stemma
