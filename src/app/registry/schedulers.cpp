// The plan of a job with its scheduler.
#include <algorithm>
#include <cmath>

#include "app/registry.hpp"
#include "scheduler/preview.hpp"
#include "scheduler/repeated.hpp"

namespace stemma {

namespace {

/// Members that wait below the top rung when the table is complete: each may still be promoted.
std::uint64_t waiting_below_the_top(const Plan& plan, Resource max) {
    std::uint64_t waiting = 0;
    for (const auto& row : plan.rungs) {
        if (row.resource < max) waiting += row.finished - std::min(row.finished, row.promoted);
    }
    return waiting;
}

/// What the scheduler knows of its searches besides the rungs.
void overlay(const SchedulerPlan& known, Plan& plan) {
    if (known.births_are_reports) plan.members = plan.reports;
    if (known.resource > 0) plan.resource = known.resource;
    if (known.reports > 0) plan.reports = known.reports;
    if (known.snapshots > 0) plan.snapshots = known.snapshots;
    plan.reports_max = known.reports_max;
    plan.at_once = known.at_once;
    plan.at_once_by = known.at_once_by;
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
    pays(job.trainer.unit_name() + "s", budget.resource, static_cast<std::uint64_t>(plan.resource));
    pays("reports", budget.reports, plan.reports);
    pays("members", budget.members, plan.members);
}

}  // namespace

std::unique_ptr<Scheduler> make_scheduler(const Job& job) {
    const auto& scheduler = job.scheduler;
    const auto objectives = job.more_metrics.size() + 1;
    auto made = objectives == 1 ? scheduler.type->make(scheduler.settings, job.run.seed)
                                : scheduler.type->make_several(scheduler.settings, job.run.seed, objectives);
    return make_repeated(std::move(made), scheduler.repeats);
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
    limit(finite_configurations(job).value_or(0));
    limit(distinct_configurations(job).value_or(0));
    const auto known = job.scheduler.type->plan(job.scheduler.settings);
    if (!known.whole) limit(known.members);
    const auto fill = [&](std::uint64_t members) {
        plan.members = members;
        plan.rungs = job.scheduler.type->rungs(job.scheduler.settings, members);
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
    if (known.whole) {
        plan.members_fixed = true;
        fill(known.members);
        overlay(known, plan);
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
