// Schedulers by name, and what a job will do with its scheduler.
#include <algorithm>
#include <cmath>

#include "app/registry.hpp"
#include "scheduler/asha.hpp"
#include "scheduler/gpbt.hpp"
#include "scheduler/hyperband.hpp"
#include "scheduler/pbt.hpp"
#include "scheduler/preview.hpp"
#include "scheduler/random_search.hpp"
#include "scheduler/repeated.hpp"
#include "scheduler/replay.hpp"
#include "scheduler/sha.hpp"

namespace stemma {

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
    settings.founders = static_cast<std::uint32_t>(std::lround(job.scheduler.founders * settings.children));
    settings.interval = job.scheduler.interval;
    settings.generations = static_cast<std::uint32_t>((job.scheduler.max + settings.interval - 1) / settings.interval);
    settings.max = job.scheduler.max;
    return settings;
}

/// Calls `use` with the settings of the job's scheduler. The only mapping from types to settings.
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

/// Members that wait below the top rung when the table is complete: each may still be promoted.
std::uint64_t waiting_below_the_top(const Plan& plan, Resource max) {
    std::uint64_t waiting = 0;
    for (const auto& row : plan.rungs) {
        if (row.resource < max) waiting += row.finished - std::min(row.finished, row.promoted);
    }
    return waiting;
}

/// Plan of a population: so many members live at a time.
void fill_population(const PbtSettings& settings, Plan& plan) {
    plan.at_once = settings.population;
    plan.at_once_by = "scheduler.population = " + std::to_string(settings.population);
    plan.reports = expected_reports(settings);
    plan.reports_max = most_reports(settings);
    plan.snapshots =
        std::uint64_t{settings.population} * (settings.backtrack_after > 0 ? 2 : 1);  // and each lineage's best
}

void fill_population(const GpbtSettings& settings, Plan& plan) {
    plan.members = plan.reports;  // one for each report
    plan.at_once = settings.sequential ? gpbt_parents(settings) : settings.children;
    plan.at_once_by = settings.sequential ? "scheduler.sequential = true"
                                          : "scheduler.children = " + std::to_string(settings.children);
    plan.snapshots = settings.children + gpbt_parents(settings);
}

/// For a table that does not follow the budget: the share that the budget pays for.
void fill_share(const Job& job, Plan& plan) {
    const auto& budget = job.run.budget;
    const auto pays = [&](std::string_view key, std::uint64_t limit, std::uint64_t of) {
        if (limit == 0 || limit >= of) return;
        const double share = static_cast<double>(limit) / static_cast<double>(of);
        if (share >= plan.share) return;
        plan.share = share;
        plan.ended_by = "run.budget." + std::string(key) + " = " + std::to_string(limit);
    };
    pays(std::string(job.trainer.unit_name()) + "s", budget.resource, static_cast<std::uint64_t>(plan.resource));
    pays("reports", budget.reports, plan.reports);
    pays("members", budget.members, plan.members);
}

}  // namespace

std::unique_ptr<Scheduler> make_scheduler(const Job& job) {
    auto scheduler = with_scheduler_settings(job, [](const auto& settings) { return make(settings); });
    const bool lineages = job.scheduler.population() || job.scheduler.type == SchedulerType::replay;
    return lineages ? std::move(scheduler) : make_repeated(std::move(scheduler), job.scheduler.repeats);
}

Plan paid_for(Plan plan) {
    plan.resource = std::llround(plan.share * static_cast<double>(plan.resource));
    // A training that is cut short reports too.
    plan.reports = std::max<std::uint64_t>(
        1, static_cast<std::uint64_t>(std::llround(plan.share * static_cast<double>(plan.reports))));
    return plan;
}

Plan expected_plan(const Job& job) {
    Plan plan;
    const auto& budget = job.run.budget;
    // The smallest of the limits on configurations.
    const auto limit = [&](std::uint64_t members) {
        if (members == 0 || (plan.members_fixed && plan.members <= members)) return;
        plan.members_fixed = true;
        plan.members = members;
    };
    limit(budget.members);
    limit(grid_configurations(job).value_or(0));
    if (job.scheduler.type == SchedulerType::sha) limit(job.scheduler.members);
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
        plan.snapshots = waiting_below_the_top(plan, job.scheduler.max);
    };
    if (job.scheduler.type == SchedulerType::replay) {
        plan.members_fixed = true;
        fill(job.scheduler.stages.size());
        fill_share(job, plan);
        return plan;
    }
    if (job.scheduler.population()) {
        plan.members_fixed = true;
        fill(job.scheduler.pbt.population);  // GPBT's table is the same for any number
        if (job.scheduler.type == SchedulerType::pbt) {
            fill_population(pbt_settings(job), plan);
        } else {
            fill_population(gpbt_settings(job), plan);
        }
        fill_share(job, plan);
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
    if (!fits(low)) fill_share(job, plan);  // not even one member is trained to its end
    plan.members_fixed = true;
    return plan;
}

}  // namespace stemma
