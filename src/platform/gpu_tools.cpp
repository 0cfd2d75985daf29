#include "platform/gpu_tools.hpp"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <charconv>
#include <cstdio>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>

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

std::string output_of(const char* command) {
    std::string text;
    const std::unique_ptr<FILE, int (*)(FILE*)> pipe(::popen(command, "r"), ::pclose);
    if (!pipe) return text;
    std::array<char, 4096> buffer{};
    while (const auto size = std::fread(buffer.data(), 1, buffer.size(), pipe.get())) text.append(buffer.data(), size);
    return text;
}

/// The GPUs of a host in the order of the maker's tool.
GpuList numbered(GpuList list, GpuMaker maker) {
    for (std::size_t i = 0; i < list.size(); ++i) {
        list[i].index = list[i].installed = static_cast<int>(i);
        list[i].maker = maker;
    }
    return list;
}

std::string_view next_line(std::string_view& text) {
    const auto line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(line.size() + 1, text.size()));
    return line;
}

/// "0x67c63ac3c3c637f9" -> "GPU-67c63ac3c3c637f9"; "" for "N/A" and for zero. Old tools print no 0x.
std::string rocr_uuid(std::string_view unique_id) {
    const auto digits = unique_id.starts_with("0x") ? unique_id.substr(2) : unique_id;
    constexpr std::size_t length = 16;
    const bool hexadecimal = std::ranges::all_of(digits, [](unsigned char c) { return std::isxdigit(c) != 0; });
    if (!hexadecimal || digits.size() > length || digits.find_first_not_of('0') == digits.npos) return {};
    return "GPU-" + std::string(length - digits.size(), '0') + std::string(digits);
}

std::string lower(std::string_view text) {
    std::string out(text);
    std::ranges::transform(out, out.begin(), [](unsigned char letter) { return std::tolower(letter); });
    return out;
}

std::optional<std::string> variable_of(const Environment& environment, const char* name) {
    const auto found = environment.find(name);
    return found == environment.end() ? std::nullopt : std::optional(found->second);
}

/// Level Zero's rule: the mask chooses, and its order does not count.
GpuList left_by_mask(const GpuList& installed, const std::optional<std::string>& mask) {
    if (!mask || trimmed(*mask).empty()) return installed;
    GpuList visible;
    for (const auto& gpu : installed) {
        const auto names_it = [&](std::string_view entry) {
            return trimmed(entry.substr(0, entry.find('.'))) == std::to_string(gpu.installed);
        };
        if (std::ranges::none_of(split(*mask, ','), names_it)) continue;
        visible.push_back(gpu);
        visible.back().index = static_cast<int>(visible.size()) - 1;
    }
    return visible;
}

}  // namespace

GpuList nvidia_gpus(std::string_view nvidia_smi) {
    GpuList list;
    std::string whole;  // name of the GPU whose MIG slices follow
    while (!nvidia_smi.empty()) {
        const auto line = next_line(nvidia_smi);
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
    return numbered(std::move(list), GpuMaker::nvidia);
}

GpuList amd_gpus(std::string_view rocm_smi) {
    std::map<int, Gpu> by_number;  // the numbers of old tools begin at 1
    while (!rocm_smi.empty()) {
        const auto line = next_line(rocm_smi);
        int number = -1;
        if (!line.starts_with("GPU[")) continue;
        const auto* const end = line.data() + line.size();
        const auto [after, problem] = std::from_chars(line.data() + 4, end, number);
        if (problem != std::errc() || after == end || *after != ']') continue;
        // "GPU[0]\t\t: Unique ID: 0x67c63ac3c3c637f9"
        const auto words = trimmed(line.substr(static_cast<std::size_t>(after - line.data()) + 1));
        if (!words.starts_with(':')) continue;
        const auto fact = trimmed(words.substr(1));
        const auto colon = fact.find(':');
        if (colon == fact.npos) continue;
        const auto value = trimmed(fact.substr(colon + 1));
        auto& gpu = by_number[number];
        const auto name = lower(fact.substr(0, colon));
        if (name == "unique id") gpu.uuid = rocr_uuid(value);
        if (name == "card series") gpu.name = value;
    }
    GpuList list;
    for (auto& [number, gpu] : by_number) list.push_back(std::move(gpu));
    return numbered(std::move(list), GpuMaker::amd);
}

GpuList intel_gpus(std::string_view xpu_smi) {
    const auto parsed = nlohmann::json::parse(xpu_smi, nullptr, false);
    const auto devices = parsed.is_object() ? parsed.find("device_list") : parsed.end();
    if (devices == parsed.end() || !devices->is_array()) return {};
    GpuList list;
    for (const auto& device : *devices) {
        const auto text = [&](const char* key, const char* otherwise) {
            const auto found = device.find(key);
            return found != device.end() && found->is_string() ? found->get<std::string>() : std::string(otherwise);
        };
        if (!device.is_object() || lower(text("device_function_type", "physical")) != "physical") continue;
        Gpu gpu;
        gpu.name = text("device_name", "");
        gpu.uuid = text("uuid", "");
        list.push_back(std::move(gpu));
    }
    return numbered(std::move(list), GpuMaker::intel);
}

GpuList visible_gpus(const GpuList& installed, const std::optional<std::string>& variable) {
    if (!variable) return installed;
    GpuList visible;
    for (std::string_view rest = *variable; !rest.empty();) {
        const auto entry = rest.substr(0, rest.find(','));
        rest.remove_prefix(std::min(entry.size() + 1, rest.size()));
        const auto* gpu = find_gpu(installed, trimmed(entry));
        if (gpu == nullptr) break;
        visible.push_back(*gpu);
        visible.back().index = static_cast<int>(visible.size()) - 1;
    }
    return visible;
}

GpuList visible_gpus(const GpuList& installed, const Environment& environment) {
    if (installed.empty()) return installed;
    switch (installed.front().maker) {
        case GpuMaker::nvidia:
            return visible_gpus(installed, variable_of(environment, "CUDA_VISIBLE_DEVICES"));
        case GpuMaker::amd: {
            const auto hip = variable_of(environment, "HIP_VISIBLE_DEVICES");
            return visible_gpus(visible_gpus(installed, variable_of(environment, "ROCR_VISIBLE_DEVICES")),
                                hip ? hip : variable_of(environment, "CUDA_VISIBLE_DEVICES"));
        }
        case GpuMaker::intel:
            return left_by_mask(installed, variable_of(environment, "ZE_AFFINITY_MASK"));
        case GpuMaker::other:
            break;  // no tool lists them
    }
    return installed;
}

GpuList find_gpus(const Environment& environment, GpuWish wish) {
    const auto there = [](const char* path) { return ::access(path, F_OK) == 0; };
    GpuList found;
    if (wish != GpuWish::xpu && (there("/proc/driver/nvidia/version") || there("/dev/nvidiactl")))
        found = nvidia_gpus(output_of("nvidia-smi -L 2>/dev/null"));
    if (found.empty() && wish != GpuWish::xpu && there("/dev/kfd"))
        found = amd_gpus(output_of("rocm-smi --showproductname --showuniqueid 2>/dev/null"));
    if (found.empty() && wish != GpuWish::cuda && there("/dev/dri"))
        found = intel_gpus(output_of("xpu-smi discovery -j 2>/dev/null"));
    return visible_gpus(found, environment);
}

}  // namespace stemma
