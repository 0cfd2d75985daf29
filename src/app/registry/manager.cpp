#include "app/registry.hpp"

namespace stemma {

namespace {

/// "auto" is 0 where the manager's answer is no part of what a training costs. A program that takes several trainings
/// at the same time gets as many.
std::uint32_t leases_ahead(const Job& job) {
    const auto beside = job.trainer.at_once() - 1;
    if (beside > 0 && job.workers.trainings_ahead == leases_ahead_auto) return beside;
    if (job.workers.trainings_ahead != leases_ahead_auto) return job.workers.trainings_ahead;
    const auto& trainer = *job.trainer.type;
    return trainer.traits.asked || trainer.starts_anew(job.trainer.settings) ? 0 : leases_ahead_auto;
}

ManagerSettings settings_of(const Job& job, const std::vector<MetricInfo>& metrics) {
    ManagerSettings settings;
    settings.seed = job.run.seed;
    settings.metric = selectable_metric(metrics, job.metric.name);
    settings.maximize = job.metric.maximize;
    for (const auto& metric : job.more_metrics)
        settings.more.push_back({selectable_metric(metrics, metric.name), metric.maximize});
    settings.baseline = job.metric.baseline;
    settings.max = job.scheduler.max;
    settings.final_from = job.scheduler.final_result == FinalResult::max ? job.scheduler.max : 0;
    settings.budget = job.run.budget;
    settings.repeats = job.scheduler.repeats;
    settings.retries = job.workers.retries;
    settings.failures_in_a_row = job.workers.failures_in_a_row;
    settings.durable = job.workers.durable;
    // With ask/tell, trainings run in processes of the user: snapshots are files that each of them can read.
    settings.replicated = job.trainer.type->traits.asked ? DurablePolicy::none : job.workers.replicated;
    settings.spill = job.workers.spill;
    settings.lease_timeout = job.workers.training_timeout;
    // A training that was asked for may wait in a queue before it begins.
    settings.lease_patience = job.trainer.type->traits.asked ? 0 : job.workers.training_patience;
    settings.leases_ahead = leases_ahead(job);
    settings.wait_for_models = job.sampler.wait_for_model;
    return settings;
}

}  // namespace

ManagerSettings manager_settings(const Job& job) { return settings_of(job, metrics_of(job)); }

Manager make_manager(const Job& job) { return make_manager(job, metrics_of(job)); }

Manager make_manager(const Job& job, const std::vector<MetricInfo>& metrics) {
    return {settings_of(job, metrics), *job.space, make_scheduler(job), make_sampler(job)};
}

}  // namespace stemma
