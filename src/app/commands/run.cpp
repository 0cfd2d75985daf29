#include <fmt/format.h>

#include "app/commands/recorded_run.hpp"
#include "app/commands/search.hpp"
#include "app/console/print.hpp"
#include "app/job/difference.hpp"
#include "app/registry.hpp"
#include "platform/launch.hpp"
#include "platform/machine.hpp"
#include "record/hdf5/published_run.hpp"

namespace stemma {

namespace {

/// A requeued Slurm job may take over the lock that it left on another host.
std::string batch_job() { return launch_of(read_environment()).job_id; }

/// The folder of this node for the live file; empty: it is written where it belongs.
std::filesystem::path live_folder(const std::filesystem::path& file, const LaunchOptions& launch) {
    if (launch.node_local == "none") return {};
    if (!launch.node_local.empty()) return launch.node_local;
    return is_network_file_system(file) ? std::filesystem::temp_directory_path() / "stemma" : std::filesystem::path();
}

void make_folder_of(const std::filesystem::path& file) {
    if (!file.has_parent_path()) return;
    std::error_code error;
    std::filesystem::create_directories(file.parent_path(), error);
    if (error) {
        throw UserError(fmt::format("{}: cannot be made ({}); choose an --output in a folder that can be written to",
                                    file.parent_path().string(), error.message()));
    }
}

std::unique_ptr<RunRecord> new_record(const std::filesystem::path& file, const std::filesystem::path& live,
                                      const RunHeader& header) {
    if (live.empty()) return RunFileWriter::create(file, header, batch_job());
    return PublishedRun::create(file, live, header, batch_job());
}

std::unique_ptr<RunRecord> continued_record(const std::filesystem::path& file, const std::filesystem::path& live) {
    if (live.empty()) return RunFileWriter::append_to(file, batch_job(), machine_text());
    return PublishedRun::append_to(file, live, batch_job(), {}, machine_text());
}

std::vector<InputBody> missing_snapshots(const Manager& manager, const std::filesystem::path& file) {
    std::vector<InputBody> missing;
    for (const auto id : manager.durable_snapshots()) {
        if (!std::filesystem::exists(snapshot_path(file, id))) missing.push_back(SnapshotMissing{id});
    }
    return missing;
}

/// A cosine comes down to 0 at its horizon, which stays where the job has it.
void warn_of_horizon(const TrainerSettings& trainer, Resource max) {
    const auto horizon = trainer.fixed.find("horizon");
    if (horizon == trainer.fixed.end()) return;
    const auto* end = std::get_if<double>(&horizon->second);
    if (end == nullptr || static_cast<double>(max) <= *end) return;
    fmt::print(
        stderr,
        "warning: schedule = \"cosine\" has come down to 0 at {0:g} {1}s (trainer.horizon), so that training from "
        "there to {2} changes nothing; a new search with horizon = {2} would\n",
        *end, trainer.unit_name(), max);
}

ExitCode resume_run(const std::filesystem::path& file, const LimitChanges& limits, const LaunchOptions& launch,
                    bool by_hand) {
    // Every rank reads the job from the file; only rank 0 replays and writes.
    const auto header = RunFileReader(file).header();
    const auto job = open_job(header, file);
    return search(job, file, launch, [&](std::uint64_t, FirstProgram*) {
        const auto live = live_folder(file, launch);
        auto run = open_run(live.empty() ? file : newest_record(file, live));
        if (run.replay.proposals.different > 0) {
            print_error(fmt::format(
                "{}: {} of its proposals come out otherwise here (see `stemma verify`); the recorded ones count",
                file.string(), run.replay.proposals.different));
        }
        HostSettings host;
        host.incarnation = run.replay.incarnations;
        host.next_sequence = run.replay.inputs;
        host.time_before = run.replay.last_time;
        host.first = missing_snapshots(run.manager, file);
        if (limits.any()) host.limits = checked_wish(run, limits);
        if (limits.max) warn_of_horizon(job.trainer, *limits.max);
        auto record = continued_record(file, live);
        return Lead{std::move(run.manager), std::move(record), std::move(host), file,
                    run.header.name,        run.header.run_id, by_hand,         run.stop_cut};
    });
}

/// --continue: the file must be of this very job, however it is written.
void require_same_job(const Job& job, const std::filesystem::path& file) {
    const auto header = RunFileReader(file).header();
    if (header.job_text == job.text && header.overrides == overrides_text(job)) return;
    const auto different = differences(open_job(header, file), job);
    if (different.empty()) return;
    throw UserError(fmt::format(
        "{0}: was written by another job than {1}: {2}. Give another --output, or `stemma resume {0}` to go "
        "on with the job in the file (new limits: `stemma budget {0}`)",
        file.string(), job.file, text_of(different, "the run file", job.file)));
}

}  // namespace

ExitCode run(const JobOptions& options, const RunOptions& run_options, const LaunchOptions& launch) {
    const auto job = load_job(options.file, options.overrides);
    const std::filesystem::path file = run_options.output.empty() ? job.run.output : run_options.output;
    if (run_options.continue_run && std::filesystem::exists(file)) {
        require_same_job(job, file);
        return resume_run(file, {}, launch, false);
    }
    return search(job, file, launch, [&](std::uint64_t run_id, FirstProgram* program) {
        if (std::filesystem::exists(file)) {
            throw UserError(fmt::format(
                "{}: exists already and is not overwritten. Go on with it by `stemma resume {}` (or run --continue), "
                "or choose another --output",
                file.string(), file.string()));
        }
        check_trainer(job, program);
        make_folder_of(file);
        const auto header = run_header(job, run_id);
        auto record = new_record(file, live_folder(file, launch), header);
        return Lead{make_manager(job), std::move(record), {}, file, job.run.name, header.run_id};
    });
}

ExitCode resume(const std::filesystem::path& file, const LimitChanges& limits, const LaunchOptions& launch) {
    return resume_run(file, limits, launch, true);
}

}  // namespace stemma
