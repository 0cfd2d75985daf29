// What a job will do before it runs: rungs, total work, and the cost of snapshots that outlive their workers.
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <filesystem>

#include "app/commands/commands.hpp"
#include "app/console/format.hpp"
#include "app/console/print.hpp"
#include "app/job/job.hpp"
#include "app/ranks/device_assignment.hpp"
#include "app/registry.hpp"
#include "platform/machine.hpp"
#include "record/hdf5/snapshot_file.hpp"
#include "sampler/random.hpp"
#include "simulator/simulator.hpp"

namespace stemma {

namespace {

template <class Action>
double seconds_of(const Action& action) {
    const auto start = std::chrono::steady_clock::now();
    action();
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

struct Trial {
    double seconds = 0;        ///< of one unit
    double write_seconds = 0;  ///< of one durable copy
    std::uint64_t snapshot_bytes = 0;
    std::string place;  ///< "cpu, 1 thread"
};

/// Where a worker would train if `workers` workers ran on this machine.
TrainerPlace place_here(const Job& job, std::uint32_t workers) {
    const int sharing = std::clamp(static_cast<int>(workers), 1, std::max(1, usable_cores()));
    return place_of(job, {.index = 0, .gpus = {gpus_for(job)}, .sharing = sharing}).trainer;
}

/// The folder of the run file, or the nearest existing folder above it.
std::filesystem::path folder_for(const std::filesystem::path& run_file) {
    auto folder = std::filesystem::absolute(run_file).parent_path();
    while (!std::filesystem::is_directory(folder) && folder.has_relative_path()) folder = folder.parent_path();
    return folder;
}

/// One unit of training with the job's trainer, now, on a configuration of the sampler. Then one durable copy of its
/// snapshot, on the disk that the run would use. Throws UserError if either fails.
Trial try_one_unit(const Job& job, std::uint32_t workers) {
    const auto place = place_here(job, workers);
    const auto trainer = make_trainer(job, place);
    const auto configuration = make_sampler(job)->propose({{0}, 0, {}});
    ensure(configuration.has_value(), "a sampler has at least one configuration");
    TrainRequest request{.member = {0}, .configuration = {*job.space, *configuration}, .seed = job.run.seed, .to = 1};
    request.max = job.scheduler.max;  // schedules to a fixed end need it
    TrainResult result;
    Trial trial;
    trial.place = fmt::format("{}, {}", place.device, units_text(place.threads, "thread"));
    trial.seconds = seconds_of([&] { result = trainer->train(request); });
    if (const auto* failure = std::get_if<TrainFailure>(&result)) {
        throw UserError(
            fmt::format("the timed lease failed: {} {}: {}", name_of(failure->kind), failure->type, failure->message));
    }
    const auto& snapshot = std::get<Trained>(result).snapshot;
    trial.snapshot_bytes = snapshot.bytes();
    const auto file = folder_for(job.run.output) / fmt::format(".stemma-preview-{}.h5", ::getpid());
    trial.write_seconds = seconds_of([&] { record::write_snapshot_file(file.string(), snapshot, {"", {0}, 1}); });
    std::filesystem::remove(file);
    return trial;
}

// ---- snapshots that outlive their worker ---------------------------------------------------------------------------

struct Copies {
    double durable = 0;  ///< for each report
    double replicated = 0;
};

class CopyCounter : public SimulationObserver {
public:
    void on(const Input& input, std::span<const Effect> effects) override {
        reports += std::holds_alternative<input::Report>(input.body) ? 1 : 0;
        for (const auto& effect : effects) {
            durable += std::holds_alternative<effect::Persist>(effect) ? 1 : 0;
            replicated += std::holds_alternative<effect::Replicate>(effect) ? 1 : 0;
        }
    }
    double reports = 0;
    double durable = 0;
    double replicated = 0;
};

/// From a simulation without faults of as much of the plan as takes a second: the snapshots that a policy picks depend
/// on the reports. Random configurations for any sampler: a model would cost too much here.
Copies copies_per_report(const Job& job, const Plan& plan, std::uint32_t workers) {
    constexpr std::uint64_t members_max = 10'000;
    auto settings = manager_settings(job);
    settings.budget = {};
    // A population ends by itself, and its children are members too.
    if (!job.scheduler.population()) settings.budget.members = std::clamp<std::uint64_t>(plan.members, 1, members_max);
    const bool scheduled = job.scheduler.scheduled();  // of fixed configurations
    Manager manager(settings, *job.space, make_scheduler(job),
                    scheduled ? make_sampler(job) : make_random_sampler(job.space, job.run.seed));
    SimulationSettings machine;
    machine.workers = workers;
    machine.leases_ahead = settings.leases_ahead;
    machine.noise = DurationNoise::lognormal;
    machine.noise_sd = 0.3;
    machine.metric = settings.metric;
    machine.max_inputs = 20 * members_max;
    const auto journal = record::null_journal();
    CopyCounter counter;
    simulate(manager, learning_curve(job), machine, *journal, &counter);
    const double reports = std::max(1.0, counter.reports);
    return {counter.durable / reports, counter.replicated / reports};
}

std::string policy_text(std::string_view key, DurablePolicy policy, double copies, std::uint64_t reports) {
    constexpr std::string_view names[] = {"none", "best", "promotable", "all"};
    const auto name = names[static_cast<std::size_t>(policy)];
    if (policy == DurablePolicy::none) return fmt::format("none (workers.{} = \"none\")", key);
    return fmt::format("about {:.0f} of {} reports (workers.{} = \"{}\")", copies, reports, key, name);
}

std::uint64_t bytes_of(double copies, std::uint64_t each) {
    return static_cast<std::uint64_t>(copies * static_cast<double>(each));
}

void print_copies(const Job& job, const Plan& plan, std::uint32_t workers, const std::optional<Trial>& trial) {
    const auto settings = manager_settings(job);
    auto copies = copies_per_report(job, plan, workers);
    copies.durable *= static_cast<double>(plan.reports);
    copies.replicated *= static_cast<double>(plan.reports);
    const double training = trial ? trial->seconds * static_cast<double>(plan.resource) : 0;

    std::printf("snapshots that outlive a kill, on disk: %s\n",
                policy_text("durable", settings.durable, copies.durable, plan.reports).c_str());
    if (trial && copies.durable > 0) {
        std::printf("  %s in all; one takes %.0f ms to write here: %.2g %% of training time, on a thread of its own\n",
                    bytes_text(bytes_of(copies.durable, trial->snapshot_bytes)).c_str(), trial->write_seconds * 1000,
                    100 * copies.durable * trial->write_seconds / training);
    }
    std::printf("snapshots that outlive a worker, in the memory of a second one: %s\n",
                policy_text("replicated", settings.replicated, copies.replicated, plan.reports).c_str());
    if (settings.replicated == DurablePolicy::none) return;
    if (workers < 2) {
        std::printf("  with one worker there is no second one to keep copies\n");
    } else if (trial) {
        std::printf("  %s in all; each worker sends and receives %s for each second that it trains\n",
                    bytes_text(bytes_of(copies.replicated, trial->snapshot_bytes)).c_str(),
                    bytes_text(bytes_of(copies.replicated, trial->snapshot_bytes) /
                               std::max<std::uint64_t>(1, static_cast<std::uint64_t>(training)))
                        .c_str());
    }
}

void print_workers(const Plan& plan, std::uint32_t workers) {
    std::printf("workers: %u\n", workers);
    if (plan.at_once == 0 || workers <= plan.at_once) return;
    std::printf("warning: %llu of them have nothing to do: with %s no more than %llu train at a time\n",
                static_cast<unsigned long long>(workers - plan.at_once), plan.at_once_by.c_str(),
                static_cast<unsigned long long>(plan.at_once));
}

}  // namespace

ExitCode preview(const JobOptions& options, const PreviewOptions& preview_options) {
    const auto job = load_job(options.file, options.overrides);
    auto plan = expected_plan(job);
    if (const auto note = unused_gpus_note(job); !note.empty()) print_error("note: " + note);
    const auto unit = job.trainer.unit_name();
    std::printf("%s\nsampler: %s\n", make_scheduler(job)->describe().c_str(), make_sampler(job)->describe().c_str());
    if (const auto all = distinct_configurations(job); all && *all == plan.members) {
        std::printf(*all == 1 ? "the space has %llu configuration: the search ends when it has been tried\n"
                              : "the space has %llu configurations: the search ends when all have been tried\n",
                    static_cast<unsigned long long>(*all));
    }
    if (!plan.members_fixed) {
        std::printf("the budget does not fix the number of members; shown for %llu members\n",
                    static_cast<unsigned long long>(plan.members));
    }
    std::fputs(rung_table(plan.rungs, unit).c_str(), stdout);
    std::printf("total work: %s of training, %llu reports\n", units_text(plan.resource, unit).c_str(),
                static_cast<unsigned long long>(plan.reports));
    if (plan.reports_max > plan.reports) {
        std::printf("never more than %llu reports, those for members that die included\n",
                    static_cast<unsigned long long>(plan.reports_max));
    }
    if (plan.share < 1) {
        std::printf("%s ends it before, after about %.0f %% of that\n", plan.ended_by.c_str(), 100 * plan.share);
        plan = paid_for(std::move(plan));
    }
    const auto workers = preview_options.workers > 0 ? preview_options.workers
                                                     : static_cast<std::uint32_t>(workers_here(job, gpus_for(job)));
    print_workers(plan, workers);
    const auto kept = plan.snapshots;
    const auto memory = job.workers.snapshot_memory * workers;
    std::printf("snapshots of members that may go on: up to %llu at a time; they may take %s of memory on %u workers\n",
                static_cast<unsigned long long>(kept), bytes_text(memory).c_str(), workers);
    std::optional<Trial> trial;
    if (preview_options.time) {
        trial = try_one_unit(job, workers);
        // A second copy takes room too.
        const auto held = manager_settings(job).replicated == DurablePolicy::none ? kept : 2 * kept;
        std::printf("  one is %s, all of them %s%s\n", bytes_text(trial->snapshot_bytes).c_str(),
                    bytes_text(trial->snapshot_bytes * held).c_str(),
                    trial->snapshot_bytes * held <= memory ? ""
                    : job.workers.spill                    ? ": more than fits, the rest goes to disk"
                                                           : ": more than fits, the rest is dropped");
    }
    print_copies(job, plan, workers, trial);
    if (trial) {
        std::printf("one %s took %.2f s here (%s; one configuration, first call included): about %s with %s\n",
                    std::string(unit).c_str(), trial->seconds, trial->place.c_str(),
                    clock_text(trial->seconds * static_cast<double>(plan.resource) / workers).c_str(),
                    units_text(workers, "worker").c_str());
        if (const auto units = job.trainer.stop_units(); units > 1) {
            std::printf(
                "a stop takes up to %u units here, about %.0f s: several processes or members agree on the last "
                "one\n",
                units, std::ceil(units * trial->seconds));
        }
    }
    return ExitCode::ok;
}

}  // namespace stemma
