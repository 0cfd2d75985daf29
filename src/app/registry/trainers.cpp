// The trainer of a job.
#include <algorithm>
#include <cmath>
#include <functional>
#include <initializer_list>
#include <limits>
#include <mutex>
#include <set>

#include "app/console/print.hpp"
#include "app/registry.hpp"
#include "core/error.hpp"
#include "trainer/torch_library/torch_library.hpp"
#include "trainer/toy/toy_trainer.hpp"

namespace stemma {

TrainerContext trainer_context(const Job& job) {
    TrainerContext context{.space = job.space,
                           .metric = job.metric.name,
                           .unit = job.trainer.unit_name(),
                           .run_seed = job.run.seed,
                           .folder = job.run.folder,
                           .fixed = job.trainer.fixed,
                           .hypergradient = job.trainer.hypergradient};
    for (const auto& metric : job.more_metrics) context.more_metrics.push_back(metric.name);
    if (!job.scheduler.population()) return context;
    for (const auto& parameter : job.space->parameters()) {
        if (may_differ(parameter.role) && !std::holds_alternative<Constant>(parameter.domain))
            context.changed_by_children.push_back(parameter.name);
    }
    return context;
}

LearningCurve learning_curve(const Job& job) {
    Surface surface;
    if (const auto* toy = std::any_cast<ToySettings>(&job.trainer.settings)) {
        surface = toy->surface;
    } else {
        surface.unit = static_cast<double>(job.scheduler.integer("min").value_or(1));
    }
    surface.seed = job.run.seed;
    const auto settings = manager_settings(job);
    std::vector<ObjectiveSettings> objectives{{settings.metric, settings.maximize}};
    objectives.insert(objectives.end(), settings.more.begin(), settings.more.end());
    const auto count = metrics_of(job).size();
    return
        [space = job.space, surface, objectives, count](MemberId member, ConfigurationView configuration, std::uint64_t,
                                                        Resource resource, std::vector<double>& metrics) {
            auto point = space->to_unit(configuration);
            metrics.assign(count, std::numeric_limits<double>::quiet_NaN());
            for (std::size_t i = 0; i < objectives.size(); ++i) {
                // Further objectives have their optimum elsewhere: coordinates are mirrored, first all, then each
                // second.
                for (std::size_t at = 0; i > 0 && at < point.size(); at += i) point[at] = 1 - point[at];
                const double loss = surface.loss(point, member, resource);
                metrics[objectives[i].metric] = objectives[i].maximize ? 1 / (1 + std::max(0.0, loss)) : loss;
            }
        };
}

std::vector<MetricInfo> metrics_of(const Job& job) {
    return job.trainer.type->metrics(job.trainer.settings, trainer_context(job));
}

void require_trainer(const Job& job) {
    if (!job.trainer.type->traits.asked) return;
    throw UserError("trainer.type = \"" + job.trainer.type->name +
                    "\": its members are trained by something else; use `stemma ask RUN.h5 --job JOB.toml` and "
                    "`stemma tell RUN.h5 LEASE ...`, or another trainer.type");
}

namespace {

/// Each text once for each process: its workers share the node's folders.
void say_once(const std::string& text) {
    static std::mutex mutex;
    static std::set<std::string> said;
    const std::lock_guard lock(mutex);
    if (said.insert(text).second) print_error("stemma: " + text);
}

}  // namespace

namespace {

/// Throws UserError if this build's LibTorch has no such GPUs.
void require_torch_for(Device device) {
    if (device == Device::automatic || device == Device::cpu) return;
    const auto kind = torch_gpu_kind_here();
    const std::string wanted = device == Device::gpu ? "gpu" : device == Device::cuda ? "cuda" : "xpu";
    if (wanted == "gpu" ? !kind.empty() : kind == wanted) return;
    if (!kind.empty()) {
        throw UserError("workers.device = \"" + wanted + "\", but LibTorch trains on \"" + kind + "\" here (" +
                        torch_text() + "); use device = \"gpu\" for these, or \"cpu\"");
    }
    const std::string lacked = wanted == "gpu" ? "support for a GPU" : wanted == "cuda" ? "CUDA" : "XPU";
    throw UserError("workers.device = \"" + wanted + "\", but this build's LibTorch has no " + lacked + " (" +
                    torch_text() + "); use device = \"cpu\", or a LibTorch with " + lacked + " (docs/install.md)");
}

void check_place(const Job& job, const std::shared_ptr<FirstProgram>& program) {
    // The GPUs of a worker are not known yet, but what this build can use is.
    if (job.trainer.type->traits.libtorch) require_torch_for(job.workers.device);
    job.trainer.type->check_here(job.trainer.settings, trainer_context(job), {.program = program, .say = say_once});
}

/// Runs each of `checks`, and throws one UserError with all that they refuse.
void check_all(const Job& job, std::initializer_list<std::function<void()>> checks) {
    std::string text;
    for (const auto& check : checks) {
        try {
            check();
        } catch (const UserError& error) {
            text += (text.empty() ? "" : "\n") + located(job, error.what());
        }
    }
    if (!text.empty()) throw UserError(text);
}

}  // namespace

void check_trainer(const Job& job, const std::shared_ptr<FirstProgram>& program) {
    check_all(job, {[&] { static_cast<void>(manager_settings(job)); }, [&] { check_place(job, program); }});
}

std::unique_ptr<Trainer> make_trainer(const Job& job, TrainerPlace place) {
    require_trainer(job);
    place.say = say_once;
    return job.trainer.type->make(job.trainer.settings, trainer_context(job), place);
}

namespace {

/// Null if this program has no LibTorch.
const TorchLibrary* torch_if_there() {
    try {
        return &torch_library();
    } catch (const UserError&) {
        return nullptr;
    }
}

}  // namespace

std::string torch_gpu_kind_here() {
    const auto* torch = torch_if_there();
    return torch == nullptr ? "" : torch->gpu_kind();
}

int torch_gpus_here() {
    const auto* torch = torch_if_there();
    return torch == nullptr ? 0 : torch->gpus();
}

std::string torch_text() {
    const auto* torch = torch_if_there();
    return torch == nullptr ? "no LibTorch" : "LibTorch " + torch->version();
}

}  // namespace stemma
