#include "trainer/task/descriptor.hpp"

#include <algorithm>

#include "core/error.hpp"
#include "options/make_key.hpp"
#include "platform/user_path.hpp"
#include "trainer/task/task.hpp"

namespace stemma {
namespace {

using S = TaskSettings;

const Task& task_of(const S& settings, const TrainerContext& context) {
    return find_task(placed_path(settings.library, context.folder), settings.task);
}

std::vector<MetricInfo> metrics(const S& settings, const TrainerContext& context) {
    const auto& task = task_of(settings, context);
    auto metrics = task.metrics;
    if (context.hypergradient) metrics.insert(metrics.end(), task.moving_metrics.begin(), task.moving_metrics.end());
    return metrics;
}

void check_here(const S& settings, const TrainerContext& context, const TrainerPlace&) {
    const auto& task = task_of(settings, context);
    if (context.hypergradient && task.moving_metrics.empty()) {
        throw UserError("trainer.task: " + task.name +
                        " cannot move hyperparameters in training: use role = \"fixed\" or \"mutable\" in [space], or "
                        "offer the task by stemma::loop()");
    }
    if (context.hypergradient) check_moving(context.hypergradient, *context.space);
    if (!task.can_change) return;
    for (const auto& name : context.changed_by_children) {
        if (std::ranges::find(*task.can_change, name) != task.can_change->end()) continue;
        throw UserError("space." + name + ": children of this scheduler would change it, but the task " + task.name +
                        " cannot change it in mid-training; give it role = \"fixed\"");
    }
}

std::unique_ptr<Trainer> make(const S& settings, const TrainerContext& context, const TrainerPlace& place) {
    return task_of(settings, context)
        .make({.threads = place.threads,
               .device = place.device,
               .unit = context.unit,
               .run_seed = context.run_seed,
               .path = placed_path(settings.path, context.folder),
               .hypergradient = context.hypergradient});
}

std::string foreign_code(const S& settings) {
    return settings.library.empty() ? "" : "loads the library " + settings.library;
}

}  // namespace

TrainerDescriptor task_descriptor() {
    using namespace make_key;
    return {
        .name = "task",
        .summary = "C++ of your own: in a shared library, or in a program made with stemma::main()",
        .traits = {.moves = true, .libtorch = true},
        .defaults = S(),
        .fields = {setting(&S::library,
                           default_is("none: a task of the program itself",
                                      text("library",
                                           "Shared library with the task (docs/bring-your-model.md), relative to "
                                           "run.folder."))),
                   setting(&S::task, default_is("the only one there is", text("task", "Name of the task."))),
                   setting(&S::path, text("path", "The place of the task's data, relative to run.folder.")),
                   hypergradient_key()},
        .metrics = metrics,
        .check_here = check_here,
        .make = make,
        .foreign_code = foreign_code,
    };
}

}  // namespace stemma
