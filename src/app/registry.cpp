#include "app/registry.hpp"

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <limits>

#include "core/error.hpp"
#include "sampler/explore.hpp"
#include "sampler/gp/gp.hpp"
#include "sampler/grid.hpp"
#include "sampler/points.hpp"
#include "sampler/random.hpp"
#include "sampler/schedule.hpp"
#include "sampler/sobol.hpp"
#include "sampler/tpe.hpp"
#include "scheduler/asha.hpp"
#include "scheduler/gpbt.hpp"
#include "scheduler/hyperband.hpp"
#include "scheduler/pbt.hpp"
#include "scheduler/preview.hpp"
#include "scheduler/random_search.hpp"
#include "scheduler/repeated.hpp"
#include "scheduler/replay.hpp"
#include "scheduler/sha.hpp"
#include "trainer/task/task.hpp"
#include "trainer/toy/toy_trainer.hpp"
#ifdef STEMMA_WITH_TORCH
#include "trainer/torch/torch_trainer.hpp"
#endif

namespace stemma {

namespace {

TpeSettings tpe_settings(const Job& job) {
    auto settings = job.sampler.tpe;
    settings.startup = job.sampler.startup.value_or(job.scheduler.type == SchedulerType::gpbt ? 1 : 10);
    return settings;
}

GpSettings gp_settings(const Job& job) {
    auto settings = job.sampler.gp;
    settings.startup = job.sampler.startup.value_or(job.scheduler.type == SchedulerType::gpbt ? 1 : 0);
    settings.fit_elsewhere = true;  // rank 0 must not keep workers waiting
    return settings;
}

ExploreSettings explore_settings(const SamplerSettings& given) {
    auto settings = given.explore;
    if (given.factors.empty()) return settings;
    settings.factors.clear();
    for (const auto& literal : given.factors) {
        const auto* integer = std::get_if<std::int64_t>(&literal);
        settings.factors.push_back(integer != nullptr ? static_cast<double>(*integer) : std::get<double>(literal));
    }
    return settings;
}

std::unique_ptr<Sampler> make_base_sampler(const Job& job) {
    switch (job.sampler.type) {
        case SamplerType::random:
            return make_random_sampler(job.space, job.run.seed);
        case SamplerType::grid:
            return make_grid_sampler(job.space, {.points = job.sampler.points}, job.run.seed);
        case SamplerType::sobol:
            return make_sobol_sampler(job.space, job.run.seed);
        case SamplerType::tpe:
            return make_tpe_sampler(job.space, job.run.seed, tpe_settings(job));
        case SamplerType::gp:
            return make_gp_sampler(job.space, job.run.seed, gp_settings(job));
    }
    unreachable("a sampler has one of the types");
}

}  // namespace

std::unique_ptr<Sampler> make_sampler(const Job& job) {
    if (job.scheduler.type == SchedulerType::replay) return make_schedule_sampler(job.space, job.scheduler.stages);
    auto sampler = make_base_sampler(job);
    const bool perturb =
        job.sampler.births ? *job.sampler.births == Births::perturb : job.scheduler.type == SchedulerType::pbt;
    if (perturb) {
        sampler = make_explore_sampler(job.space, job.run.seed, explore_settings(job.sampler), std::move(sampler));
    }
    if (job.sampler.first.empty()) return sampler;
    return make_points_sampler(job.space, job.sampler.first, std::move(sampler));
}

namespace {

AshaSettings asha_settings(const Job& job) {
    const auto& given = job.scheduler;
    AshaSettings settings;
    settings.min = given.min;
    settings.max = given.max;
    settings.eta = given.eta;
    settings.early_stopping_rate = static_cast<int>(given.early_stopping_rate);
    settings.seed = job.run.seed;
    settings.min_rung_population = given.min_rung_population;
    if (given.type == SchedulerType::asha_stopping) settings.variant = AshaVariant::stopping;
    if (given.type == SchedulerType::asha_hyperband)
        settings.brackets = given.brackets == 0 ? 100 : static_cast<int>(given.brackets);
    return settings;
}

ShaSettings sha_settings(const Job& job) {
    const auto& given = job.scheduler;
    return {.members = given.members,
            .min = given.min,
            .max = given.max,
            .eta = given.eta,
            .early_stopping_rate = static_cast<int>(given.early_stopping_rate),
            .repeat_brackets = false};
}

HyperbandSettings hyperband_settings(const Job& job) {
    const auto& given = job.scheduler;
    return {.min = given.min,
            .max = given.max,
            .eta = given.eta,
            .brackets = static_cast<int>(given.brackets),
            .repeat = true};
}

PbtSettings pbt_settings(const Job& job) {
    auto settings = job.scheduler.pbt;
    settings.interval = job.scheduler.interval;
    settings.max = job.scheduler.max;
    settings.seed = job.run.seed;
    if (!job.scheduler.periods.empty()) settings.periods.clear();
    for (const auto& period : job.scheduler.periods)
        settings.periods.push_back(static_cast<std::uint32_t>(std::get<std::int64_t>(period)));
    return settings;
}

GpbtSettings gpbt_settings(const Job& job) {
    auto settings = job.scheduler.gpbt;
    settings.interval = job.scheduler.interval;
    settings.generations = static_cast<std::uint32_t>((job.scheduler.max + settings.interval - 1) / settings.interval);
    return settings;
}

/// Calls `use` with the settings of the job's scheduler: one place that maps types to settings.
template <class Use>
auto with_scheduler_settings(const Job& job, const Use& use) {
    switch (job.scheduler.type) {
        case SchedulerType::random:
        case SchedulerType::grid:
            return use(RandomSearchSettings{job.scheduler.max});
        case SchedulerType::sha:
            return use(sha_settings(job));
        case SchedulerType::hyperband:
            return use(hyperband_settings(job));
        case SchedulerType::asha:
        case SchedulerType::asha_stopping:
        case SchedulerType::asha_hyperband:
            return use(asha_settings(job));
        case SchedulerType::pbt:
            return use(pbt_settings(job));
        case SchedulerType::gpbt:
            return use(gpbt_settings(job));
        case SchedulerType::replay:
            return use(ReplaySettings{job.scheduler.stage_ends});
    }
    unreachable("a scheduler has one of the types");
}

std::unique_ptr<Scheduler> make(const RandomSearchSettings& settings) { return make_random_search(settings); }
std::unique_ptr<Scheduler> make(const ShaSettings& settings) { return make_sha(settings); }
std::unique_ptr<Scheduler> make(const HyperbandSettings& settings) { return make_hyperband(settings); }
std::unique_ptr<Scheduler> make(const AshaSettings& settings) { return make_asha(settings); }
std::unique_ptr<Scheduler> make(const PbtSettings& settings) { return make_pbt(settings); }
std::unique_ptr<Scheduler> make(const GpbtSettings& settings) { return make_gpbt(settings); }
std::unique_ptr<Scheduler> make(const ReplaySettings& settings) { return make_replay(settings); }

}  // namespace

std::unique_ptr<Scheduler> make_scheduler(const Job& job) {
    auto scheduler = with_scheduler_settings(job, [](const auto& settings) { return make(settings); });
    const bool lineages = job.scheduler.population() || job.scheduler.type == SchedulerType::replay;
    return lineages ? std::move(scheduler) : make_repeated(std::move(scheduler), job.scheduler.repeats);
}

Plan expected_plan(const Job& job) {
    Plan plan;
    const auto& budget = job.run.budget;
    plan.members_fixed = budget.members > 0 || job.scheduler.type == SchedulerType::sha;
    plan.members = budget.members;
    if (job.scheduler.type == SchedulerType::sha) {
        plan.members = budget.members == 0 ? job.scheduler.members : std::min(budget.members, job.scheduler.members);
    }
    const auto fill = [&](std::uint64_t members) {
        plan.members = members;
        plan.rungs =
            with_scheduler_settings(job, [&](const auto& settings) { return expected_rungs(settings, members); });
        for (auto& row : plan.rungs) {
            row.entered *= job.scheduler.repeats;
            row.finished *= job.scheduler.repeats;
            row.promoted *= job.scheduler.repeats;
        }
        plan.resource = expected_resource(plan.rungs);
        plan.reports = 0;
        for (const auto& row : plan.rungs) plan.reports += row.entered;
    };
    if (job.scheduler.type == SchedulerType::replay) {
        plan.members_fixed = true;
        fill(job.scheduler.stages.size());
        return plan;
    }
    if (job.scheduler.population()) {
        plan.members_fixed = true;
        fill(job.scheduler.type == SchedulerType::pbt
                 ? job.scheduler.pbt.population
                 : std::uint64_t{job.scheduler.gpbt.children} * gpbt_settings(job).generations);
        return plan;
    }
    const auto fits = [&](std::uint64_t members) {
        fill(members);
        return (budget.resource == 0 || static_cast<std::uint64_t>(plan.resource) <= budget.resource) &&
               (budget.reports == 0 || plan.reports <= budget.reports);
    };
    if (plan.members_fixed && fits(plan.members)) return plan;
    if (budget.resource == 0 && budget.reports == 0) {
        fill(1000);
        return plan;
    }
    // The largest number of members that the budget pays for: work grows with the members, so bisect.
    std::uint64_t low = 1;
    std::uint64_t high = plan.members_fixed ? plan.members : std::max(budget.resource, budget.reports) + 1;
    while (low + 1 < high) {
        const auto middle = low + (high - low) / 2;
        (fits(middle) ? low : high) = middle;
    }
    fill(low);
    plan.members_fixed = true;
    return plan;
}

namespace {

ToySettings toy_settings(const Job& job) {
    ToySettings settings;
    settings.surface = {
        surface_named(job.trainer.surface), job.trainer.noise, job.run.seed,
        job.trainer.type == TrainerType::toy ? 1.0 : static_cast<double>(std::max<Resource>(1, job.scheduler.min))};
    settings.seconds_per_unit = job.trainer.cost;
    settings.state_bytes = job.trainer.state_bytes;
    settings.exception = job.trainer.failure_rate;
    return settings;
}

}  // namespace

LearningCurve learning_curve(const Job& job) {
    const auto metric = manager_settings(job).metric;
    const auto count = metrics_of(job).size();
    return [space = job.space, surface = toy_settings(job).surface, metric, count, maximise = job.metric.maximise](
               MemberId member, ConfigurationView configuration, std::uint64_t, Resource resource,
               std::vector<double>& metrics) {
        const double loss = surface.loss(space->to_unit(configuration), member, resource);
        metrics.assign(count, std::numeric_limits<double>::quiet_NaN());
        metrics[metric] = maximise ? 1 / (1 + std::max(0.0, loss)) : loss;
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

/// The job's metric first where the job does not list it.
std::vector<MetricInfo> process_metrics(const Job& job) {
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
    std::error_code ignored;
    const auto folder = std::filesystem::read_symlink("/proc/self/exe", ignored).parent_path();
    for (const auto* place : {"../share/stemma/python", "../analysis"}) {
        const auto package = (folder / place).lexically_normal();
        if (!std::filesystem::exists(package / "stemma/training.py", ignored)) continue;
        auto& path = environment["PYTHONPATH"];
        path += (path.empty() ? "" : ":") + package.string();
        break;
    }
    return environment;
}

ProcessSettings process_settings(const Job& job, const TrainerPlace& place) {
    const auto& given = job.trainer;
    ProcessSettings settings;
    settings.command = texts(given.command);
    settings.metrics = process_metrics(job);
    settings.needed_metric = job.metric.name;
    settings.unit = given.unit_name();
    settings.scratch = given.scratch;
    settings.start_timeout = given.start_timeout;
    settings.silence_timeout = given.silence_timeout;
    settings.stop_timeout = given.stop_timeout;
    settings.memory = given.memory;
    settings.place = {place.threads, place.gpus};
    settings.environment = environment_of_programs();
    settings.log = place.program_log;
    return settings;
}

namespace {

/// Parameters in which a child of this job may differ from its parent.
std::vector<std::string> changed_by_children(const Job& job) {
    std::vector<std::string> change;
    if (!job.scheduler.population()) return change;
    for (const auto& parameter : job.space->parameters()) {
        if (parameter.role == Role::mutable_value && !std::holds_alternative<Constant>(parameter.domain))
            change.push_back(parameter.name);
    }
    return change;
}

const Task& task_of(const Job& job) { return find_task(job.trainer.library, job.trainer.task); }

void check_task(const Job& job) {
    const auto& task = task_of(job);
    if (!task.can_change) return;
    for (const auto& name : changed_by_children(job)) {
        if (std::find(task.can_change->begin(), task.can_change->end(), name) != task.can_change->end()) continue;
        throw UserError("space." + name + ": children of this scheduler would change it, but the task " + task.name +
                        " cannot change it in mid-training; give it role = \"fixed\"");
    }
}

#ifdef STEMMA_WITH_TORCH

TorchSettings torch_settings(const Job& job, const TrainerPlace& place = {}) {
    const auto& given = job.trainer;
    TorchSettings settings;
    settings.data = given.data == DataSet::csv ? "csv" : "fashion_mnist";
    settings.path = given.path;
    settings.target = given.target;
    settings.split = given.split == Split::rows ? "rows" : "permuted";
    settings.valid = given.valid;
    settings.test = given.test;
    settings.train_rows = given.train_rows;
    settings.model = given.model == ModelKind::lenet ? "lenet" : given.model == ModelKind::mlp ? "mlp" : "torchscript";
    settings.unit = given.unit_name();
    settings.fixed = given.fixed;
    settings.threads = static_cast<int>(place.threads);
    settings.device = place.device;
    settings.deterministic = given.deterministic;
    settings.inherit_optimiser = given.inherit_optimiser;
    settings.tf32 = given.tf32;
    settings.precision = given.amp == MixedPrecision::bf16 ? "bf16" : "float32";
    settings.run_seed = job.run.seed;
    settings.hypergradient = given.hypergradient;
    return settings;
}

#else

[[noreturn]] void refuse_torch() {
    throw UserError(
        "trainer.type = \"torch\": this build has no LibTorch; build with -DSTEMMA_WITH_TORCH=ON, or use type = "
        "\"toy\" or \"process\"");
}

#endif

}  // namespace

std::vector<MetricInfo> metrics_of(const Job& job) {
    switch (job.trainer.type) {
        case TrainerType::toy:
            return toy_metrics();
        case TrainerType::process:
            return process_metrics(job);
        case TrainerType::task:
            return task_of(job).metrics;
        case TrainerType::torch:
#ifdef STEMMA_WITH_TORCH
            return torch_metrics(torch_settings(job));
#else
            refuse_torch();
#endif
    }
    unreachable("a trainer has one of the types");
}

void check_trainer(const Job& job) {
    static_cast<void>(manager_settings(job));
    if (job.trainer.type == TrainerType::process) {
        check_process(process_settings(job), changed_by_children(job), *child_starter());
    }
    if (job.trainer.type == TrainerType::task) check_task(job);
#ifdef STEMMA_WITH_TORCH
    if (job.trainer.type == TrainerType::torch) check_torch_settings(torch_settings(job), *job.space);
#endif
}

std::unique_ptr<Trainer> make_trainer(const Job& job, const TrainerPlace& place) {
    switch (job.trainer.type) {
        case TrainerType::toy:
            return make_toy_trainer(toy_settings(job), job.space);
        case TrainerType::process:
            return make_process_trainer(process_settings(job, place), child_starter());
        case TrainerType::task:
            return task_of(job).make({.threads = place.threads,
                                      .device = place.device,
                                      .unit = std::string(job.trainer.unit_name()),
                                      .run_seed = job.run.seed,
                                      .path = job.trainer.path});
        case TrainerType::torch:
#ifdef STEMMA_WITH_TORCH
            return make_torch_trainer(torch_settings(job, place), job.space);
#else
            refuse_torch();
#endif
    }
    unreachable("a trainer has one of the types");
}

#ifdef STEMMA_WITH_TORCH
bool cuda_available() { return torch_has_cuda(); }
std::string torch_text() { return "LibTorch " + torch_version(); }
#else
bool cuda_available() { return false; }
std::string torch_text() { return "no LibTorch"; }
#endif

ManagerSettings manager_settings(const Job& job) {
    ManagerSettings settings;
    settings.seed = job.run.seed;
    settings.metric = selectable_metric(metrics_of(job), job.metric.name);
    settings.maximise = job.metric.maximise;
    settings.final_from = job.scheduler.final_result == FinalResult::max ? job.scheduler.max : 0;
    settings.budget = job.run.budget;
    settings.retries = job.workers.retries;
    settings.failures_in_a_row = job.workers.failures_in_a_row;
    settings.durable = job.workers.durable;
    settings.spill = job.workers.spill;
    settings.lease_timeout = job.workers.lease_timeout;
    settings.lease_patience = job.workers.lease_patience;
    settings.leases_ahead = job.workers.leases_ahead;
    return settings;
}

Manager make_manager(const Job& job) {
    return {manager_settings(job), *job.space, make_scheduler(job), make_sampler(job)};
}

}  // namespace stemma
