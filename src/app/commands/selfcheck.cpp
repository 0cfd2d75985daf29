#include <fmt/format.h>
#include <unistd.h>

#include <cstdio>

#include "app/commands/commands.hpp"
#include "app/console/format.hpp"
#include "app/console/print.hpp"
#include "app/ranks/device_assignment.hpp"
#include "app/ranks/ranks.hpp"
#include "app/registry.hpp"
#include "platform/gpu_tools.hpp"
#include "platform/launch.hpp"
#include "platform/machine.hpp"

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

/// This rank's facts; `role` is its part in a search.
std::string facts(const GpuList& gpus, const std::string& role) {
    return fmt::format("pid {}, {} cores, {}{} memory free, {}", ::getpid(), usable_cores(), role,
                       bytes_text(memory().available), gpu_text(gpus));
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

std::vector<std::string> warnings(const Launch& launch, const GpuList& gpus) {
    std::vector<std::string> list;
    const int workers = std::max(1, launch.local_size - 1);
    if (workers > usable_cores()) {
        list.push_back(fmt::format("{} workers share {} cores on this host: training threads will be oversubscribed",
                                   workers, usable_cores()));
    }
    if (!gpus.empty() && torch_gpu_kind_here() != torch_name(gpus.front().maker)) {
        list.push_back("there is a GPU, but this build's LibTorch cannot use it: docs/install.md, \"With a GPU\"");
    }
    if (!gpus.empty() && static_cast<std::size_t>(workers) > gpus.size()) {
        list.push_back(fmt::format("{} workers for {} GPUs on this host: some would share one", workers, gpus.size()));
    }
    return list;
}

}  // namespace

ExitCode selfcheck() {
    const auto environment = read_environment();
    const auto launch = launch_of(environment);
    const auto gpus = find_gpus(environment, GpuWish::any);
    std::string text;
    if (launch.size < 2) {
        text = fmt::format(
            "  this process  {}  {}\n  no launcher, or one task: `stemma run` would train with workers inside one "
            "process\n",
            host_name(), facts(gpus, ""));
    } else {
        Ranks ranks(WorkerSettings{}.start_timeout);
        const auto slot = slot_among(ranks, launch.rank, launch, gpus);
        ranks.started();
        text = ranks.selfcheck(facts(gpus, role_of(launch.rank, slot)));
        if (launch.rank != 0) return ExitCode::ok;
    }
    print(fmt::format("stemma {}, {}, started by {}, {} rank{}\n{}", STEMMA_VERSION, torch_text(),
                      name_of(launch.launcher), launch.size, launch.size == 1 ? "" : "s", text));
    for (const auto& warning : warnings(launch, gpus)) print(fmt::format("warning: {}\n", warning));
    return ExitCode::ok;
}

}  // namespace stemma
