// Trainers by name.
#include <algorithm>
#include <cmath>
#include <limits>
#include <mutex>

#include "app/console/print.hpp"
#include "app/registry.hpp"
#include "core/error.hpp"
#include "platform/python_package.hpp"
#include "trainer/task/task.hpp"
#include "trainer/torch_library/torch_library.hpp"
#include "trainer/toy/toy_trainer.hpp"

namespace stemma {

namespace {

ToySettings toy_settings(const Job& job) {
    ToySettings settings;
    settings.surface = {
        surface_named(job.trainer.surface), job.trainer.noise, job.run.seed,
        job.trainer.type == TrainerType::toy
            ? 1.0
            : static_cast<double>(job.scheduler.type->integer(job.scheduler.settings, "min").value_or(1))};
    settings.seconds_per_unit = job.trainer.cost;
    settings.state_bytes = job.trainer.state_bytes;
    settings.exception = job.trainer.failure_rate;
    return settings;
}

}  // namespace

LearningCurve learning_curve(const Job& job) {
    const auto metric = manager_settings(job).metric;
    const auto count = metrics_of(job).size();
    return [space = job.space, surface = toy_settings(job).surface, metric, count, maximize = job.metric.maximize](
               MemberId member, ConfigurationView configuration, std::uint64_t, Resource resource,
               std::vector<double>& metrics) {
        const double loss = surface.loss(space->to_unit(configuration), member, resource);
        metrics.assign(count, std::numeric_limits<double>::quiet_NaN());
        metrics[metric] = maximize ? 1 / (1 + std::max(0.0, loss)) : loss;
    };
}

std::shared_ptr<ChildStarter> child_starter() {
    static const auto starter = std::make_shared<ChildStarter>();
    return starter;
}

namespace {

std::vector<std::string> texts(const std::vector<Literal>& list) {
    std::vector<std::string> out;
    for (const auto& literal : list) out.push_back(std::get<std::string>(literal));
    return out;
}

/// The job's metric first if the job does not list it.
std::vector<MetricInfo> reported_metrics(const Job& job) {
    auto names = texts(job.trainer.metrics);
    const auto held_out = texts(job.trainer.held_out);
    const auto has = [](const std::vector<std::string>& list, const std::string& name) {
        return std::find(list.begin(), list.end(), name) != list.end();
    };
    if (names.empty()) names.push_back(job.metric.name);
    for (const auto& name : held_out) {
        if (!has(names, name)) names.push_back(name);
    }
    std::vector<MetricInfo> out;
    for (const auto& name : names) {
        out.push_back({name, held_out.empty() ? name.starts_with("test_") : has(held_out, name)});
    }
    return out;
}

}  // namespace

Environment environment_of_programs() {
    auto environment = read_environment();
    const auto package = python_package_folder();
    if (package.empty()) return environment;
    auto& path = environment["PYTHONPATH"];
    path += (path.empty() ? "" : ":") + package.string();
    return environment;
}

namespace {

/// Once for each process: its workers share the node's folders.
void say_once(const std::string& text) {
    static std::once_flag said;
    std::call_once(said, [&] { print_error("stemma: " + text); });
}

}  // namespace

ProcessSettings process_settings(const Job& job, const TrainerPlace& place) {
    const auto& given = job.trainer;
    ProcessSettings settings;
    settings.command = texts(given.command);
    settings.metrics = reported_metrics(job);
    settings.needed_metric = job.metric.name;
    settings.unit = given.unit_name();
    settings.run_seed = job.run.seed;
    settings.scratch = given.scratch;
    settings.start_timeout = given.start_timeout;
    settings.silence_timeout = given.silence_timeout;
    settings.stop_timeout = given.stop_timeout;
    settings.memory = given.memory;
    if (given.restart == ProgramRestart::each_training) settings.restart = ProcessSettings::Restart::each_training;
    settings.place = {place.threads, place.gpus};
    settings.environment = environment_of_programs();
    settings.log = place.program_log;
    settings.say = say_once;
    return settings;
}

namespace {

/// Parameters in which a child of this job may differ from its parent.
std::vector<std::string> changed_by_children(const Job& job) {
    std::vector<std::string> change;
    if (!job.scheduler.population()) return change;
    for (const auto& parameter : job.space->parameters()) {
        if (may_differ(parameter.role) && !std::holds_alternative<Constant>(parameter.domain))
            change.push_back(parameter.name);
    }
    return change;
}

const Task& task_of(const Job& job) { return find_task(job.trainer.library, job.trainer.task); }

std::vector<MetricInfo> task_metrics(const Job& job) {
    const auto& task = task_of(job);
    auto metrics = task.metrics;
    if (job.trainer.hypergradient) {
        metrics.insert(metrics.end(), task.moving_metrics.begin(), task.moving_metrics.end());
    }
    return metrics;
}

void check_task(const Job& job) {
    const auto& task = task_of(job);
    if (job.trainer.hypergradient && task.moving_metrics.empty()) {
        throw UserError("trainer.task: " + task.name +
                        " cannot move hyperparameters in training: use role = \"fixed\" or \"mutable\" in [space], or "
                        "offer the task by stemma::loop()");
    }
    if (job.trainer.hypergradient) check_moving(job.trainer.hypergradient, *job.space);
    if (!task.can_change) return;
    for (const auto& name : changed_by_children(job)) {
        if (std::find(task.can_change->begin(), task.can_change->end(), name) != task.can_change->end()) continue;
        throw UserError("space." + name + ": children of this scheduler would change it, but the task " + task.name +
                        " cannot change it in mid-training; give it role = \"fixed\"");
    }
}

std::string name_of(DataSet data) {
    switch (data) {
        case DataSet::fashion_mnist:
            return "fashion_mnist";
        case DataSet::cifar10:
            return "cifar10";
        case DataSet::csv:
            return "csv";
        case DataSet::text:
            return "text";
    }
    unreachable("a data set has one of the names");
}

TorchSettings torch_settings(const Job& job, const TrainerPlace& place = {}) {
    const auto& given = job.trainer;
    TorchSettings settings;
    settings.data = name_of(given.data);
    settings.path = given.path;
    settings.target = given.target;
    settings.split = given.split == Split::rows ? "rows" : "permuted";
    settings.valid = given.valid;
    settings.test = given.test;
    settings.vocabulary = given.vocabulary;
    settings.train_rows = given.train_rows;
    settings.model = given.model_name();
    settings.unit = given.unit_name();
    settings.fixed = given.fixed;
    settings.threads = static_cast<int>(place.threads);
    settings.device = place.device;
    settings.deterministic = given.deterministic;
    settings.inherit_optimizer = given.inherit_optimizer;
    settings.tf32 = given.tf32;
    settings.precision = given.amp == MixedPrecision::bf16 ? "bf16" : "float32";
    settings.run_seed = job.run.seed;
    settings.hypergradient = given.hypergradient;
    return settings;
}

}  // namespace

std::vector<MetricInfo> metrics_of(const Job& job) {
    switch (job.trainer.type) {
        case TrainerType::toy:
            return toy_metrics();
        case TrainerType::process:
        case TrainerType::ask:
            return reported_metrics(job);
        case TrainerType::task:
            return task_metrics(job);
        case TrainerType::torch:
            return torch_library().metrics(torch_settings(job));
    }
    unreachable("a trainer has one of the types");
}

void require_trainer(const Job& job) {
    if (job.trainer.type != TrainerType::ask) return;
    throw UserError(
        "trainer.type = \"ask\": its members are trained by something else; use `stemma ask RUN.h5 --job JOB.toml` and "
        "`stemma tell RUN.h5 LEASE ...`, or another trainer.type");
}

namespace {

/// The GPUs of a worker are not known at the check, but what this build can use is.
void check_device(const Job& job) {
    // A program brings its own libraries, and the toy trainer needs none.
    const bool own = job.trainer.type == TrainerType::torch || job.trainer.type == TrainerType::task;
    if (job.workers.device != Device::cuda || !own || cuda_available()) return;
    throw UserError("workers.device = \"cuda\", but this build's LibTorch has no CUDA (" + torch_text() +
                    "); use device = \"cpu\", or a LibTorch with CUDA (docs/install.md)");
}

}  // namespace

void check_trainer(const Job& job, FirstProgram* program) {
    static_cast<void>(manager_settings(job));
    check_device(job);
    if (job.trainer.type == TrainerType::process) {
        if (program != nullptr) {
            program->check(changed_by_children(job));
        } else {
            check_process(process_settings(job), changed_by_children(job), *child_starter());
        }
    }
    if (job.trainer.type == TrainerType::task) check_task(job);
    if (job.trainer.type == TrainerType::torch) {
        torch_library().check_settings(torch_settings(job), *job.space);
        torch_library().check_data(torch_settings(job));
    }
}

std::unique_ptr<Trainer> make_trainer(const Job& job, const TrainerPlace& place, std::shared_ptr<FirstProgram> first) {
    switch (job.trainer.type) {
        case TrainerType::ask:
            require_trainer(job);
            break;
        case TrainerType::toy:
            return make_toy_trainer(toy_settings(job), job.space);
        case TrainerType::process:
            return make_process_trainer(process_settings(job, place), child_starter(), std::move(first));
        case TrainerType::task:
            return task_of(job).make({.threads = place.threads,
                                      .device = place.device,
                                      .unit = std::string(job.trainer.unit_name()),
                                      .run_seed = job.run.seed,
                                      .path = job.trainer.path,
                                      .hypergradient = job.trainer.hypergradient});
        case TrainerType::torch:
            return torch_library().make_trainer(torch_settings(job, place), job.space);
    }
    unreachable("a trainer has one of the types");
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

bool cuda_available() {
    const auto* torch = torch_if_there();
    return torch != nullptr && torch->has_cuda();
}

std::string torch_text() {
    const auto* torch = torch_if_there();
    return torch == nullptr ? "no LibTorch" : "LibTorch " + torch->version();
}

}  // namespace stemma
