// Commands that need a job file only: check, preview, simulate.
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cstdio>

#include "app/commands/commands.hpp"
#include "app/console/format.hpp"
#include "app/job/job.hpp"
#include "app/registry.hpp"
#include "simulator/simulator.hpp"
#include "trainer/toy/surface.hpp"

namespace stemma {

ExitCode check(const JobOptions& options) {
    const auto job = load_job(options.file, options.overrides);
    check_trainer(job);
    const auto manager = make_manager(job);
    std::printf("%s: no errors\n  %s\n  %zu parameters, %s\n  output %s\n", options.file.c_str(),
                manager.scheduler().describe().c_str(), job.space->size(), make_sampler(job)->describe().c_str(),
                job.run.output.c_str());
    return ExitCode::ok;
}

ExitCode explain_key(const std::string& path) {
    std::fputs(explain(path).c_str(), stdout);
    return ExitCode::ok;
}

namespace {

struct Trial {
    double seconds = 0;
    std::uint64_t snapshot_bytes = 0;
};

/// One unit of training with the job's trainer, here and now, on a configuration of the sampler.
Trial try_one_unit(const Job& job) {
    const auto trainer = make_trainer(job, {"cpu", std::max(1U, job.workers.threads)});
    const auto configuration = make_sampler(job)->propose({{0}, 0, {}});
    ensure(configuration.has_value(), "a sampler has at least one configuration");
    TrainRequest request{.member = {0}, .configuration = {*job.space, *configuration}, .seed = job.run.seed, .to = 1};
    const auto start = std::chrono::steady_clock::now();
    const auto result = trainer->train(request);
    if (const auto* failure = std::get_if<TrainFailure>(&result)) {
        throw UserError(
            fmt::format("the timed lease failed: {} {}: {}", name_of(failure->kind), failure->type, failure->message));
    }
    return {std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count(),
            std::get<Trained>(result).snapshot.bytes()};
}

/// Members that wait below the top rung when the table has come out as it stands: each may still be promoted.
std::uint64_t snapshots_kept(const Plan& plan, Resource max) {
    std::uint64_t kept = 0;
    for (const auto& row : plan.rungs) {
        if (row.resource < max) kept += row.finished - std::min(row.finished, row.promoted);
    }
    return kept;
}

}  // namespace

ExitCode preview(const JobOptions& options, const PreviewOptions& preview_options) {
    const auto job = load_job(options.file, options.overrides);
    const auto plan = expected_plan(job);
    const auto unit = job.trainer.unit_name();
    std::printf("%s\n", make_scheduler(job)->describe().c_str());
    if (!plan.members_fixed) {
        std::printf("the budget does not fix the number of members; shown for %llu members\n",
                    static_cast<unsigned long long>(plan.members));
    }
    std::fputs(rung_table(plan.rungs, unit).c_str(), stdout);
    std::printf("total work: %s of training, %llu reports\n", units_text(plan.resource, unit).c_str(),
                static_cast<unsigned long long>(plan.reports));
    std::printf("workers: %u\n", preview_options.workers);
    const auto kept = snapshots_kept(plan, job.scheduler.max);
    const auto memory = job.workers.snapshot_memory * preview_options.workers;
    std::printf("snapshots of members that may go on: up to %llu at a time; memory for them: %s on %u workers\n",
                static_cast<unsigned long long>(kept), bytes_text(memory).c_str(), preview_options.workers);
    if (preview_options.time) {
        const auto trial = try_one_unit(job);
        std::printf("  one is %s, all of them %s%s\n", bytes_text(trial.snapshot_bytes).c_str(),
                    bytes_text(trial.snapshot_bytes * kept).c_str(),
                    trial.snapshot_bytes * kept <= memory ? ""
                    : job.workers.spill                   ? ": more than fits, the rest goes to disk"
                                                          : ": more than fits, the rest is dropped");
        std::printf("one %s took %.2f s here (one configuration, first call included): about %s with %u workers\n",
                    std::string(unit).c_str(), trial.seconds,
                    clock_text(trial.seconds * static_cast<double>(plan.resource) / preview_options.workers).c_str(),
                    preview_options.workers);
    }
    return ExitCode::ok;
}

namespace {

Faults faults_named(const std::string& name) {
    Faults faults;
    if (name == "none") return faults;
    if (name != "some" && name != "many") throw UserError("--faults must be none, some or many; got \"" + name + "\"");
    const double scale = name == "some" ? 1 : 10;
    faults.drop_per_second = 1e-4 * scale;
    faults.nonfinite = 0.01 * scale;
    faults.device = 1e-4 * scale;
    faults.death_per_second = 1e-6 * scale;
    faults.respawn_seconds = 60;
    faults.delay = 0.01 * scale;
    return faults;
}

}  // namespace

ExitCode simulate_job(const JobOptions& options, const SimulateOptions& simulate_options) {
    const auto job = load_job(options.file, options.overrides);
    auto manager = make_manager(job);
    SimulationSettings settings;
    settings.seed = simulate_options.seed;
    settings.workers = simulate_options.workers;
    settings.leases_ahead = job.workers.leases_ahead;
    settings.seconds_per_unit = simulate_options.seconds_per_unit;
    settings.noise = DurationNoise::lognormal;
    settings.noise_sd = 0.3;
    settings.message_seconds = simulate_options.message_seconds;
    settings.faults = faults_named(simulate_options.faults);
    settings.full_resource = job.scheduler.max;
    settings.metric = manager_settings(job).metric;
    settings.maximise = job.metric.maximise;
    settings.target = job.run.budget.target;
    auto journal = null_journal();
    const auto result = simulate(manager, learning_curve(job), settings, *journal);
    std::fputs(simulation_report(result).c_str(), stdout);
    return ExitCode::ok;
}

}  // namespace stemma
