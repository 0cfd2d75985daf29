// Commands that need only a job file: check, simulate (preview: preview.cpp).
#include <fmt/format.h>

#include <cstdio>

#include "app/commands/commands.hpp"
#include "app/console/format.hpp"
#include "app/console/print.hpp"
#include "app/job/job.hpp"
#include "app/ranks/device_assignment.hpp"
#include "app/registry.hpp"
#include "simulator/simulator.hpp"
#include "trainer/toy/surface.hpp"

namespace stemma {

ExitCode check(const JobOptions& options, bool start_program) {
    const auto job = load_job(options.file, options.overrides);
    if (start_program || !job.trainer.type->traits.program) check_trainer(job);
    const auto manager = make_manager(job);
    for (const auto& note : job.notes) print_error("note: " + note);
    if (const auto note = unused_gpus_note(job); !note.empty()) print_error("note: " + note);
    print(fmt::format("{}: no errors\n  {}\n  {} parameters, {}\n  output {}\n", options.file,
                      manager.scheduler().describe(), job.space->size(), make_sampler(job)->describe(),
                      job.run.output));
    return ExitCode::ok;
}

ExitCode explain_key(const std::string& path) {
    std::fputs(explain(path).c_str(), stdout);
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
    auto job = load_job(options.file, options.overrides);
    if (job.sampler.type->traits.plans) {
        print_error("note: random draws stand for sampler.type = \"" + job.sampler.type->name +
                    "\", whose choice depends on measured times");
        job.sampler.type = &named(samplers(), "random");
        job.sampler.settings = job.sampler.type->defaults;
    }
    auto manager = make_manager(job);
    SimulationSettings settings;
    settings.seed = simulate_options.seed;
    settings.workers = simulate_options.workers;
    settings.leases_ahead = manager_settings(job).leases_ahead;
    settings.seconds_per_unit = simulate_options.seconds_per_unit;
    settings.noise = DurationNoise::lognormal;
    settings.noise_sd = 0.3;
    settings.message_seconds = simulate_options.message_seconds;
    settings.faults = faults_named(simulate_options.faults);
    settings.full_resource = job.scheduler.max;
    settings.metric = manager_settings(job).metric;
    settings.maximize = job.metric.maximize;
    settings.target = job.run.budget.target;
    auto journal = record::null_journal();
    const auto result = simulate(manager, learning_curve(job), settings, *journal);
    std::fputs(simulation_report(result).c_str(), stdout);
    if (job.scheduler.population()) {
        std::fputs(
            "note: the curves know a member's own configuration only, not what its ancestors trained with; "
            "this tells about time and traffic, not about quality\n",
            stdout);
    }
    return ExitCode::ok;
}

}  // namespace stemma
