#include "app/commands/recorded_run.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <sstream>

#include "app/console/format.hpp"
#include "app/registry.hpp"
#include "core/printable.hpp"
#include "platform/machine.hpp"
#include "space/json.hpp"

namespace stemma {

namespace {

std::vector<std::string> lines_of(const std::string& text) {
    std::vector<std::string> lines;
    std::istringstream in(text);
    for (std::string line; std::getline(in, line);) lines.push_back(line);
    return lines;
}

record::Limits limits_of(const Job& job) { return {job.run.budget, job.scheduler.max}; }

}  // namespace

void require_short_name(const std::filesystem::path& file) {
    const auto name = file.filename().string().size();
    if (name > run_file_name_max) {
        throw UserError(
            fmt::format("{}: its name has {} bytes; at most {} leave room for what is appended to it on the "
                        "way. Choose a shorter one",
                        file.string(), name, run_file_name_max));
    }
    // "<run file>.snapshots/00000000.h5.writing"
    constexpr std::size_t path_max = 4095 - 64;
    const auto path = std::filesystem::absolute(file).string().size();
    if (path > path_max) {
        throw UserError(
            fmt::format("{}: its path has {} bytes; at most {} leave room for what lies beside it. Choose a "
                        "shorter one",
                        file.string(), path, path_max));
    }
}

std::string machine_text() {
    return fmt::format("{}; stemma {} {}; compiler {}", cpu_model(), STEMMA_VERSION, STEMMA_GIT_HASH, __VERSION__);
}

Job open_job(const record::RunHeader& header, const std::filesystem::path& file) {
    const auto name = file.string() + " (its job)";
    const auto overrides = lines_of(header.overrides);
    auto job = header.job_resolved.empty() ? parse_job(header.job_text, name, overrides, JobSource::recorded)
                                           : parse_job(header.job_resolved, name, {}, JobSource::recorded);
    job.text = header.job_text;
    job.overrides = overrides;
    job.run.seed = header.seed;
    return job;
}

record::HeaderAdditions header_additions(const Job& job) { return {machine_text(), job.resolved, limits_of(job)}; }

void require_own_rules(const record::RunHeader& header, const std::filesystem::path& file) {
    if (header.rules == rules_version) return;
    throw UserError(
        fmt::format("{}: was decided by rules {}, this program ({}) has rules {}: it can show the run (status, show, "
                    "report, export, "
                    "lineage, schedule), but not go on with it. Use stemma {}, or begin another run file",
                    file.string(), header.rules, STEMMA_VERSION, rules_version, header.program_version));
}

std::string lacks_text(const record::RunFileReader& reader, const std::filesystem::path& file) {
    std::vector<std::string> parts;
    std::vector<std::string> columns;
    const std::string_view commits = spec(record::Table::commits).name;
    bool checksums = false;
    for (const auto& name : reader.lacks()) {
        const auto of = name.find(" of /");
        if (of == std::string::npos) {
            parts.push_back("table " + name.substr(1));
        } else if (name.substr(of + 4) != commits) {
            columns.push_back(fmt::format("column {} of table {}", name.substr(0, of), name.substr(of + 5)));
        } else {
            checksums = checksums || name.substr(0, of).ends_with("_crc32");  // the others count rows
        }
    }
    parts.insert(parts.end(), columns.begin(), columns.end());
    if (checksums) parts.emplace_back("checksums of its tables");
    if (parts.empty()) return {};
    return fmt::format("{}: begun by stemma {}, format {} (this program: {}); lacks {}\n", path_to_type(file),
                       printable_line(reader.header().program_version), reader.format_version(),
                       record::run_file_version, fmt::join(parts, ", "));
}

BudgetRequest checked_request(const RecordedRun& run, const LimitChanges& limits) {
    if (!limits.unit.empty() && limits.unit != run.header.unit + "s") {
        throw UserError(fmt::format("--{}: the unit of this search is the {}; give --{}s or --resource", limits.unit,
                                    run.header.unit, run.header.unit));
    }
    if (limits.max && *limits.max <= run.max) {
        throw UserError(fmt::format("--max {}: members are trained to {} already, and max can only be raised",
                                    *limits.max, units_text(run.max, run.header.unit)));
    }
    return {.members = limits.members,
            .reports = limits.reports,
            .resource = limits.resource,
            .seconds = limits.seconds,
            .target = limits.target,
            .max_resource = limits.max.value_or(0)};
}

std::string overrides_text(const Job& job) {
    std::string text;
    for (const auto& line : job.overrides) text += line + "\n";
    return text;
}

record::RunHeader run_header(const Job& job, std::uint64_t run_id) {
    record::RunHeader header;
    header.run_id = fmt::format("{:016x}", run_id);
    header.name = job.run.name;
    header.job_text = job.text;
    header.overrides = overrides_text(job);
    header.job_resolved = job.resolved;
    header.limits = limits_of(job);
    header.seed = job.run.seed;
    header.program_version = STEMMA_VERSION;
    header.git_hash = STEMMA_GIT_HASH;
    header.machines = machine_text();
    header.metric = job.metric.name;
    header.maximize = job.metric.maximize;
    header.unit = job.trainer.unit_name();
    header.metrics = metrics_of(job);
    for (const auto& parameter : job.space->parameters()) header.parameters.push_back(parameter.name);
    header.space_json = space_json(*job.space);
    header.started_unix = unix_time();
    return header;
}

RecordedRun open_run(const std::filesystem::path& file, bool verifying,
                     const std::function<void(const record::Entry&)>& watch) {
    record::RunFileReader reader(file);
    auto header = reader.header();
    require_own_rules(header, file);
    auto job = open_job(header, file);
    auto manager = make_manager(job, header.metrics);
    RecordedRun run{.header = std::move(header),
                    .job = std::move(job),
                    .manager = std::move(manager),
                    .replay = {},
                    .finished = reader.finished(),
                    .ended = {}};
    run.max = run.job.scheduler.max;
    run.replay = replay(
        run.manager,
        [&](const std::function<void(const record::Entry&)>& take) {
            reader.entries([&](const record::Entry& entry) {
                if (std::holds_alternative<input::IncarnationStarted>(entry.input.body)) {
                    run.workers = 0;
                    run.since = entry.input.time;
                    run.busy_before = run.manager.totals().busy_seconds;
                    run.ended.reset();
                    run.stop_cut = false;
                }
                if (const auto* stop = std::get_if<input::StopRequested>(&entry.input.body))
                    run.stop_cut = run.stop_cut || (stop->reason == StopReason::user && !reader.closed());
                if (std::holds_alternative<input::WorkerJoined>(entry.input.body)) ++run.workers;
                if (const auto* changed = std::get_if<input::BudgetChanged>(&entry.input.body))
                    run.max = std::max(run.max, changed->max_resource);
                for (const auto& effect : entry.effects) {
                    if (const auto* ended = std::get_if<effect::Ended>(&effect)) run.ended = ended->reason;
                }
                if (const auto* failure = std::get_if<input::Failure>(&entry.input.body))
                    run.last_failure = failure_text(*failure);
                if (watch) watch(entry);
                take(entry);
            });
        },
        verifying);
    if (run.replay.mismatch && !verifying) {
        throw UserError(fmt::format(
            "{}: decision {} differs from what this build ({}) decides; the file was written by {}. "
            "Use the program that wrote it, or see `stemma verify {}`",
            file.string(), run.replay.mismatch->sequence, STEMMA_VERSION, run.header.program_version, file.string()));
    }
    return run;
}

ReportContext report_context(const RecordedRun& run, const std::filesystem::path& file) {
    std::string ended;
    if (run.ended) ended = fmt::format("ended, {}", reason_text(*run.ended, run.manager));
    auto metrics = run.header.metrics;
    for (auto& metric : metrics) metric.name = printable_line(metric.name);
    return {.name = printable_line(run.header.name),
            .run_file = path_to_type(file),
            .metric = printable_line(run.header.metric),
            .unit = printable_line(run.header.unit),
            .metrics = std::move(metrics),
            .workers = run.workers,
            .seconds = run.replay.last_time,
            .since = run.replay.incarnations > 1 ? run.since : 0,  // the first one is no resume
            .busy_before = run.busy_before,
            .to_max = run.job.scheduler.final_result == FinalResult::max,
            .ended = std::move(ended),
            .program = program_to_type(),
            .last_failure = run.last_failure,
            .resumable = !run.ended || *run.ended == EndReason::stopped || *run.ended == EndReason::no_workers,
            .gave_up = run.ended == EndReason::repeated_failure,
            .saved_by_program = run.job.trainer.type->traits.program,
            .lineage = {},
            .selection = {}};
}

}  // namespace stemma
