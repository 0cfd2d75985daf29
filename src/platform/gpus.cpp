#include "platform/gpus.hpp"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdio>
#include <map>
#include <memory>
#include <numeric>

#include "core/error.hpp"
#include "platform/texts.hpp"

namespace stemma {
namespace {

/// "GPU 0: NVIDIA H200 (UUID: GPU-8a56)" -> name and uuid.
Gpu parse_line(std::string_view line) {
    Gpu gpu;
    const auto colon = line.find(": ");
    const auto uuid = line.find(" (UUID: ");
    if (colon == std::string_view::npos || uuid == std::string_view::npos || uuid < colon) return gpu;
    gpu.name = line.substr(colon + 2, uuid - colon - 2);
    gpu.uuid = line.substr(uuid + 8, line.find(')', uuid) - uuid - 8);
    while (!gpu.name.empty() && gpu.name.back() == ' ') gpu.name.pop_back();
    return gpu;
}

const Gpu* find_gpu(const GpuList& installed, std::string_view entry) {
    int index = -1;
    const auto* end = entry.data() + entry.size();
    if (const auto [rest, problem] = std::from_chars(entry.data(), end, index); problem == std::errc() && rest == end) {
        return index >= 0 && index < std::ssize(installed) ? &installed[static_cast<std::size_t>(index)] : nullptr;
    }
    const Gpu* found = nullptr;
    for (const auto& gpu : installed) {
        if (!entry.empty() && gpu.uuid.starts_with(entry)) {
            if (found != nullptr) return nullptr;
            found = &gpu;
        }
    }
    return found;
}

std::string identity(const Gpu& gpu) { return gpu.uuid.empty() ? "cuda:" + std::to_string(gpu.index) : gpu.uuid; }

std::string output_of(const char* command) {
    std::string text;
    const std::unique_ptr<FILE, int (*)(FILE*)> pipe(::popen(command, "r"), ::pclose);
    if (!pipe) return text;
    std::array<char, 4096> buffer{};
    while (const auto size = std::fread(buffer.data(), 1, buffer.size(), pipe.get())) text.append(buffer.data(), size);
    return text;
}

}  // namespace

GpuList parse_gpu_list(std::string_view nvidia_smi) {
    GpuList list;
    std::string whole;  // name of the GPU whose MIG slices follow
    while (!nvidia_smi.empty()) {
        const auto line = nvidia_smi.substr(0, nvidia_smi.find('\n'));
        nvidia_smi.remove_prefix(std::min(line.size() + 1, nvidia_smi.size()));
        const bool slice = trimmed(line).starts_with("MIG ");
        if (!slice && !line.starts_with("GPU ")) continue;
        auto gpu = parse_line(line);
        if (gpu.uuid.empty()) continue;
        if (!slice) {
            whole = gpu.name;
        } else {
            const auto slice_name = trimmed(trimmed(line).substr(0, trimmed(line).find(" Device")));
            gpu.name = whole + " " + std::string(slice_name);
            // The GPU itself was added one line above its first slice.
            if (!list.empty() && list.back().name == whole) list.pop_back();
        }
        list.push_back(std::move(gpu));
    }
    for (std::size_t i = 0; i < list.size(); ++i) list[i].index = static_cast<int>(i);
    return list;
}

GpuList visible_gpus(const GpuList& installed, const std::optional<std::string>& cuda_visible_devices) {
    if (!cuda_visible_devices) return installed;
    GpuList visible;
    for (std::string_view rest = *cuda_visible_devices; !rest.empty();) {
        const auto entry = rest.substr(0, rest.find(','));
        rest.remove_prefix(std::min(entry.size() + 1, rest.size()));
        const auto* gpu = find_gpu(installed, trimmed(entry));
        if (gpu == nullptr) break;
        visible.push_back(*gpu);
        visible.back().index = static_cast<int>(visible.size()) - 1;
    }
    return visible;
}

GpuList find_gpus(const Environment& environment) {
    // Without a driver no process is started.
    if (::access("/proc/driver/nvidia/version", R_OK) != 0 && ::access("/dev/nvidiactl", F_OK) != 0) return {};
    const auto variable = environment.find("CUDA_VISIBLE_DEVICES");
    return visible_gpus(parse_gpu_list(output_of("nvidia-smi -L 2>/dev/null")),
                        variable == environment.end() ? std::nullopt : std::optional(variable->second));
}

namespace {

/// The GPUs of the asking worker when all workers of the host choose in turn. Fewer than gpus_per_worker if no more are
/// left.
GpuList chosen(const GpuRequest& request) {
    std::vector<std::size_t> order(request.visible.size());
    std::iota(order.begin(), order.end(), std::size_t{0});
    std::stable_sort(order.begin(), order.end(),
                     [&](auto a, auto b) { return request.visible[a].size() < request.visible[b].size(); });
    std::map<std::string, int> users;
    for (const auto worker : order) {
        GpuList got;
        for (const auto& gpu : request.visible[worker]) {
            if (std::ssize(got) == request.gpus_per_worker) break;
            if (users[identity(gpu)] >= request.workers_per_gpu) continue;
            ++users[identity(gpu)];
            got.push_back(gpu);
        }
        if (worker == static_cast<std::size_t>(request.worker)) return got;
    }
    unreachable("the worker is one of its host");
}

std::string count_text(std::int64_t count, const std::string& what) {
    return std::to_string(count) + " " + what + (count == 1 ? "" : "s");
}

}  // namespace

std::variant<GpuList, GpuError> assign_gpus(const GpuRequest& request) {
    ensure(request.workers_per_gpu >= 1 && request.gpus_per_worker >= 1, "assign_gpus: counts from 1");
    ensure(request.worker >= 0 && request.worker < std::ssize(request.visible), "assign_gpus: a worker of this host");
    const auto& seen = request.visible[static_cast<std::size_t>(request.worker)];
    if (seen.empty()) {
        return GpuError{
            "no GPU is visible to this worker; ask for one of the batch system (Slurm: --gpus-per-node), look at "
            "CUDA_VISIBLE_DEVICES and `nvidia-smi -L`, or set [workers] device = \"cpu\""};
    }
    auto got = chosen(request);
    if (std::ssize(got) == request.gpus_per_worker) return got;
    return GpuError{"this worker sees " + count_text(std::ssize(seen), "GPU") + " (" + identity(seen.front()) +
                    (seen.size() == 1 ? "" : ", ...") + "), of which " + std::to_string(got.size()) + " of the " +
                    std::to_string(request.gpus_per_worker) +
                    " that it needs do not belong to other workers; this host has " +
                    count_text(std::ssize(request.visible), "worker") + ", " + std::to_string(request.workers_per_gpu) +
                    " for each GPU: start fewer on it, or let more share a GPU ([workers] per_gpu)"};
}

}  // namespace stemma
