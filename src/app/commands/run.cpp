#include <fmt/format.h>
#include <fmt/ranges.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>

#include "app/commands/recorded_run.hpp"
#include "app/commands/search.hpp"
#include "app/console/print.hpp"
#include "app/job/difference.hpp"
#include "app/registry.hpp"
#include "genealogy/genealogy.hpp"
#include "platform/launch.hpp"
#include "platform/machine.hpp"
#include "platform/own_files.hpp"
#include "platform/real_path.hpp"
#include "record/hdf5/published_run.hpp"
#include "record/hdf5/run_file.hpp"
#include "record/hdf5/snapshot_folder.hpp"
#include "trainer/process/output_tail.hpp"

namespace stemma {

namespace {

/// A job that Slurm has queued again may take over its own lock from another host.
record::BatchStart batch_start() {
    const auto launch = launch_of(read_environment());
    return {launch.job_id, launch.restarts};
}

/// The folder of this node for the live file. Empty: the file is written at its own path. The default folder is made
/// for this user alone, because other users can write to the folder for temporary files.
std::filesystem::path live_folder(const std::filesystem::path& file, const LaunchOptions& launch) {
    if (launch.node_local == "none") return {};
    if (!launch.node_local.empty()) return launch.node_local;
    if (!is_network_file_system(file)) return {};
    const auto folder = std::filesystem::temp_directory_path() / fmt::format("stemma-{}", ::geteuid());
    make_private_folder(folder);
    return folder;
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

std::unique_ptr<record::RunRecord> new_record(const std::filesystem::path& file, const std::filesystem::path& live,
                                              const record::RunHeader& header) {
    if (live.empty()) return record::RunFileWriter::create(file, header, batch_start());
    return record::PublishedRun::create(file, live, header, batch_start());
}

std::unique_ptr<record::RunRecord> continued_record(const std::filesystem::path& file,
                                                    const std::filesystem::path& live, const Job& job) {
    if (live.empty()) return record::RunFileWriter::append_to(file, batch_start(), header_additions(job));
    return record::PublishedRun::append_to(file, live, batch_start(), {}, header_additions(job));
}

std::vector<input::Body> missing_snapshots(const Manager& manager, const std::filesystem::path& file) {
    std::vector<input::Body> missing;
    for (const auto id : record::SnapshotFolder(file).missing(manager.durable_snapshots()))
        missing.push_back(input::SnapshotMissing{id});
    return missing;
}

/// A cosine comes down to 0 at its horizon, which stays at the job's value.
void warn_of_horizon(const TrainerSettings& trainer, Resource max) {
    const auto horizon = trainer.fixed.find("horizon");
    if (horizon == trainer.fixed.end()) return;
    const auto* end = std::get_if<double>(&horizon->second);
    if (end == nullptr || static_cast<double>(max) <= *end) return;
    fmt::print(
        stderr,
        "warning: lr_schedule = \"cosine\" has come down to 0 at {0:g} {1}s (trainer.horizon), so that training from "
        "there to {2} changes nothing; a new search with horizon = {2} would\n",
        *end, trainer.unit_name(), max);
}

bool belongs_to_another_user(const std::filesystem::path& file) {
    struct ::stat status {};
    return ::stat(file.c_str(), &status) == 0 && status.st_uid != ::geteuid();
}

/// `resume` takes its job from the file: the author of the file decides what runs here.
void say_what_runs(const Job& job, const std::filesystem::path& file, bool trust) {
    const auto code = job.trainer.type->foreign_code(job.trainer.settings);
    if (code.empty()) return;
    if (!trust && belongs_to_another_user(file)) {
        throw UserError(
            fmt::format("{}: belongs to another user, and going on with it {}, as the job in the file says. Where you "
                        "trust that, give --trust",
                        file.string(), code));
    }
    if (launch_of(read_environment()).rank == 0) print_error(fmt::format("{}: {}", file.string(), code));
}

/// The library may have changed since.
void require_same_metrics(const Job& job, const record::RunHeader& header, const std::filesystem::path& file) {
    const auto now = metrics_of(job);
    if (std::ranges::equal(now, header.metrics, {}, &MetricInfo::name, &MetricInfo::name)) return;
    std::vector<std::string> names;
    for (const auto& metric : now) names.push_back(metric.name);
    throw UserError(
        fmt::format("{}: its trainings report other metrics now ({}) than the file holds. Go on with the library or "
                    "program that the search began with, or begin another run file",
                    file.string(), fmt::join(names, ", ")));
}

/// `trust`: of a `resume` by hand; absent if the job was given beside the file.
ExitCode resume_run(const std::filesystem::path& file, const LimitChanges& limits, const LaunchOptions& launch,
                    std::optional<bool> trust) {
    require_short_name(file);
    // Every rank reads the job from the file. Only rank 0 replays and writes.
    const auto header = record::RunFileReader(file).header();
    require_own_rules(header, file);
    const auto job = open_job(header, file);
    if (trust) say_what_runs(job, file, *trust);
    const auto ranks = start_ranks(job, file, launch);
    if (!ranks->manages()) return ranks->work();

    const auto live = live_folder(file, launch);
    auto run = open_run(live.empty() ? file : record::newest_record(file, live));
    if (run.replay.proposals.different > 0) {
        print_error(fmt::format(
            "{}: {} of its proposals come out otherwise here (see `stemma verify`); the recorded ones count",
            file.string(), run.replay.proposals.different));
    }
    require_same_metrics(job, header, file);
    HostSettings host;
    host.incarnation = run.replay.incarnations;
    host.next_sequence = run.replay.inputs;
    host.time_before = run.replay.last_time;
    host.first = missing_snapshots(run.manager, file);
    if (limits.any()) host.limits = checked_request(run, limits);
    if (limits.max) warn_of_horizon(job.trainer, *limits.max);
    auto record = continued_record(file, live, job);
    return ranks->manage({std::move(run.manager), std::move(record), std::move(host), file, run.header.name,
                          run.header.run_id, trust.has_value(), run.stop_cut});
}

/// --continue: the file must be of this job, in any notation.
void require_same_job(const Job& job, const std::filesystem::path& file) {
    const auto header = record::RunFileReader(file).header();
    if (header.job_text == job.text && header.overrides == overrides_text(job)) return;
    const auto different = differences(open_job(header, file), job);
    if (different.empty()) return;
    throw UserError(fmt::format(
        "{0}: was written by another job than {1}: {2}. Give another --output, or `stemma resume {0}` to go "
        "on with the job in the file (new limits: `stemma budget {0}`)",
        file.string(), job.file, text_of(different, "the run file", job.file)));
}

}  // namespace

namespace {

/// True for a run file without any finite report, as a search leaves that failed.
bool without_result(const std::filesystem::path& file) {
    try {
        record::RunFileReader reader(file);
        return !read_genealogy(reader).best().exists();
    } catch (const std::exception&) {
        return false;  // no run file, or one that is being written
    }
}

}  // namespace

ExitCode run(const JobOptions& options, const RunOptions& run_options, const LaunchOptions& launch) {
    const auto job = load_job(options.file, options.overrides);
    const auto file = real_path(run_options.output.empty() ? job.run.output : run_options.output);
    require_short_name(file);
    if (run_options.continue_run && std::filesystem::exists(file)) {
        require_same_job(job, file);
        return resume_run(file, {}, launch, std::nullopt);
    }
    const auto ranks = start_ranks(job, file, launch);
    if (!ranks->manages()) return ranks->work();

    if (std::filesystem::is_directory(file))
        throw UserError(file.string() + ": is a folder; give the name of a file in it, such as " +
                        (file / (job.run.name + ".h5")).string());
    if (std::filesystem::exists(file)) {
        if (without_result(file))
            throw UserError(file.string() +
                            ": exists already, and holds no result: delete it, or choose another --output");
        throw UserError(fmt::format(
            "{0}: exists already and is not overwritten. Go on with it by `stemma resume {0}` (or run --continue), "
            "choose another --output, or delete it",
            file.string()));
    }
    check_trainer(job, ranks->program());
    make_folder_of(file);
    const auto header = run_header(job, ranks->run_id());
    auto record = new_record(file, live_folder(file, launch), header);
    return ranks->manage({make_manager(job), std::move(record), {}, file, job.run.name, header.run_id});
}

ExitCode resume(const std::filesystem::path& file, const LimitChanges& limits, const LaunchOptions& launch,
                bool trust) {
    return resume_run(file, limits, launch, trust);
}

}  // namespace stemma
