#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <sstream>
#include <string>
#include <vector>

#include "app/commands/commands.hpp"
#include "app/console/format.hpp"
#include "app/console/print.hpp"
#include "app/ranks/device_assignment.hpp"
#include "app/ranks/ranks.hpp"
#include "app/registry.hpp"
#include "platform/gpu_tools.hpp"
#include "platform/launch.hpp"
#include "platform/machine.hpp"
#include "platform/mps.hpp"

namespace stemma {

namespace {

std::string gpu_text(const GpuList& gpus) {
    if (gpus.empty()) return "no GPU";
    std::string text;
    for (const auto& gpu : gpus)
        text += fmt::format("{}{}:{} {} {}", text.empty() ? "" : "; ", torch_name(gpu.maker), gpu.index, gpu.name,
                            gpu.uuid);
    return text;
}

/// Whether programs share NVIDIA's GPUs by MPS.
std::string mps_text(const GpuList& gpus) {
    if (gpus.empty() || gpus.front().maker != GpuMaker::nvidia) return {};
    const auto environment = read_environment();
    if (mps_runs(environment)) return fmt::format(", an MPS daemon runs ({})", mps_folder(environment));
    return ", no MPS daemon";
}

std::string cores_text() {
    const int cores = usable_cores();
    return fmt::format("{} core{}", cores, cores == 1 ? "" : "s");
}

/// This rank's facts; `role` is its part in a search.
std::string facts(const GpuList& gpus, const std::string& role) {
    return fmt::format("pid {}, {}, {}{} memory free, {}{}", ::getpid(), cores_text(), role,
                       bytes_text(memory().available), gpu_text(gpus), mps_text(gpus));
}

std::string role_of(int rank, const WorkerSlot& slot) {
    if (rank == 0) return "manages, ";
    const auto threads = threads_of(slot);
    auto text = fmt::format("trains with {} thread{}", threads, threads == 1 ? "" : "s");
    if (!slot.gpus[static_cast<std::size_t>(slot.index)].empty()) {
        const auto assigned = assign_gpus({.visible = slot.gpus, .worker = slot.index});
        if (const auto* error = std::get_if<GpuError>(&assigned)) {
            text += " and would be refused a GPU (" + error->message + ")";
        } else {
            const auto& gpu = std::get<GpuList>(assigned).front();
            text += fmt::format(" on {}:{}", torch_name(gpu.maker), gpu.index);
        }
    }
    return text + ", ";
}

/// One line for each thing that is wrong where this worker trains. Equal for the workers that share it.
std::string warnings(const WorkerSlot& slot, const GpuList& gpus) {
    std::string lines;
    if (slot.sharing > usable_cores()) {
        lines += fmt::format("{} workers share {} of {}: training threads will be oversubscribed\n", slot.sharing,
                             cores_text(), host_name());
    }
    if (!gpus.empty() && torch_gpu_kind_here() != torch_name(gpus.front().maker)) {
        lines += fmt::format("{} has a GPU, but this build's LibTorch cannot use it: docs/install.md, \"With a GPU\"\n",
                             host_name());
    }
    if (!gpus.empty() && static_cast<std::size_t>(slot.workers()) > gpus.size()) {
        lines += fmt::format("{} workers for {} GPUs of {}: some would share one\n", slot.workers(), gpus.size(),
                             host_name());
    }
    return lines;
}

/// The lines of all ranks, each of them once, in order of rank.
std::vector<std::string> distinct_lines(const std::vector<std::string>& texts) {
    std::vector<std::string> lines;
    for (const auto& text : texts) {
        std::istringstream stream(text);
        for (std::string line; std::getline(stream, line);) {
            if (std::find(lines.begin(), lines.end(), line) == lines.end()) lines.push_back(line);
        }
    }
    return lines;
}

}  // namespace

ExitCode selfcheck() {
    const auto environment = read_environment();
    const auto launch = launch_of(environment);
    const auto gpus = find_gpus(environment, GpuWish::any);
    std::string text;
    std::vector<std::string> warned;
    if (launch.size < 2) {
        warned.push_back(warnings({.index = 0, .gpus = {gpus}, .sharing = 1}, gpus));
        text = fmt::format(
            "  this process  {}  {}\n  no launcher, or one task: `stemma run` would train with workers inside one "
            "process\n",
            host_name(), facts(gpus, ""));
    } else {
        Ranks ranks(WorkerSettings{}.start_timeout);
        const auto slot = slot_among(ranks, launch.rank, launch, gpus);
        ranks.started();
        warned = ranks.all_texts(launch.rank == 0 ? "" : warnings(slot, gpus));
        text = ranks.selfcheck(facts(gpus, role_of(launch.rank, slot)));
        if (launch.rank != 0) return ExitCode::ok;
    }
    print(fmt::format("stemma {}, {}, started by {}, {} rank{}\n{}", STEMMA_VERSION, torch_text(),
                      name_of(launch.launcher), launch.size, launch.size == 1 ? "" : "s", text));
    for (const auto& warning : distinct_lines(warned)) print(fmt::format("warning: {}\n", warning));
    return ExitCode::ok;
}

}  // namespace stemma
