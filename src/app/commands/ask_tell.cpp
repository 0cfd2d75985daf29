// Searches whose training other processes do. Each call replays the record, adds to it, and ends.
#include <fcntl.h>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <sys/file.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <fstream>
#include <limits>
#include <memory>
#include <thread>

#include "app/commands/recorded_run.hpp"
#include "app/console/format.hpp"
#include "app/console/print.hpp"
#include "app/ranks/ranks.hpp"
#include "app/registry.hpp"
#include "core/printable.hpp"
#include "core/suggest.hpp"
#include "platform/descriptor.hpp"
#include "platform/machine.hpp"
#include "platform/own_files.hpp"
#include "runtime/ask_tell_session.hpp"
#include "trainer/process/messages.hpp"

namespace stemma {

namespace {

namespace fs = std::filesystem;

constexpr auto between_looks = std::chrono::milliseconds(500);

/// The folder of leases that were handed out and their snapshots: <RUN.h5>.asked/LEASE.json and LEASE.snapshot.
class AskedFolder {
public:
    explicit AskedFolder(const fs::path& run_file) : folder_(fs::absolute(run_file).string() + ".asked") {
        std::error_code error;
        if (fs::is_symlink(fs::symlink_status(folder_, error)))
            throw UserError(folder_.string() + ": is a link; ask and tell keep leases in a folder there. Remove it");
        fs::create_directories(folder_, error);
        if (error) {
            throw UserError(fmt::format("{}: cannot be made ({}); ask and tell keep leases there", folder_.string(),
                                        error.message()));
        }
    }

    fs::path lease(LeaseId id) const { return folder_ / fmt::format("{}.json", id.value); }
    fs::path snapshot(LeaseId id) const { return folder_ / fmt::format("{}.snapshot", id.value); }
    fs::path lock() const { return folder_ / "lock"; }

    /// Removes files that no open lease and no future lease can need.
    void clean(const AskTellState& state, const Manager& manager) const {
        const auto kept = manager.kept_snapshots();
        for (const auto& file : fs::directory_iterator(folder_)) {
            const auto stem = file.path().stem().string();
            if (stem.empty() || stem.find_first_not_of("0123456789") != std::string::npos) continue;
            const LeaseId id{std::stoull(stem)};
            const bool needed =
                file.path().extension() == ".snapshot" && std::binary_search(kept.begin(), kept.end(), snapshot_of(id));
            if (!needed && !state.open().contains(id)) fs::remove_all(file.path());
        }
    }

private:
    fs::path folder_;
};

/// One call at a time on this file: other calls wait.
Descriptor wait_for_turn(const fs::path& lock) {
    Descriptor file(::open(lock.c_str(), O_CREAT | O_RDWR | O_NOFOLLOW | O_CLOEXEC, 0666));
    if (file && ::flock(file.number(), LOCK_EX) == 0) return file;
    throw UserError(fmt::format("{}: cannot be locked ({})", lock.string(), std::strerror(errno)));
}

/// The present state of the search. The file is written only if there is something to write.
struct AskTellRun {
    AskTellRun(const fs::path& run_file, const AskedFolder& asked_folder)
        : turn(wait_for_turn(asked_folder.lock())),
          asked(asked_folder),
          run(open_run(run_file, false, [this](const record::Entry& entry) { state.on(entry.input, entry.effects); })),
          session(
              run.manager,
              [this, run_file]() -> record::Journal& {
                  if (!record) record = record::RunFileWriter::append_to(run_file, {}, header_additions(run.job));
                  return *record;
              },
              state, std::max(run.replay.last_time, unix_time() - run.header.started_unix)) {}

    void close() {
        if (!record) return;
        record->close(run.manager.ended());
        asked.clean(state, run.manager);
    }

    Descriptor turn;
    const AskedFolder& asked;
    AskTellState state;
    RecordedRun run;
    std::unique_ptr<record::RunFileWriter> record;
    AskTellSession session;
};

void require_asked(const Job& job) {
    if (job.trainer.type->traits.asked) return;
    throw UserError(
        fmt::format("{}: its trainer.type is not \"ask\": `stemma run` trains its members. Set trainer.type = \"ask\" "
                    "to train them by something else",
                    job.file));
}

void create(const fs::path& run_file, const JobOptions& options) {
    const auto job = load_job(options.file, options.overrides);
    require_asked(job);
    auto manager = make_manager(job);
    auto record = record::RunFileWriter::create(run_file, run_header(job, new_run_id()), {});
    AskTellState state;
    AskTellSession(
        manager, [&]() -> record::Journal& { return *record; }, state, 0)
        .feed(input::IncarnationStarted{});
    record->close(false);
}

/// The lease as JSON for a program (docs/process-protocol.md).
std::string text_of(const effect::Train& lease, const Manager& manager, std::uint64_t run_seed,
                    const AskedFolder& asked) {
    // Older logs do not say it.
    const auto parent = lease.adopted_from ? *lease.adopted_from : manager.adopted_from(lease.member);
    const auto named = [&](MemberId member) {
        return NamedConfiguration(manager.space(), manager.member(member).configuration);
    };
    const bool start = lease.source.kind != SourceKind::scratch;
    const TrainRequest request{.member = lease.member,
                               .configuration = named(lease.member),
                               .seed = manager.training_seed(lease.member),
                               .from = lease.from,
                               .to = lease.to,
                               .max = manager.max_resource(),
                               .adopted = parent.exists(),
                               .parent_configuration = parent.exists() ? std::optional(named(parent)) : std::nullopt};
    return lease_json({.lease = lease.lease.value,
                       .request = &request,
                       .start = start ? asked.snapshot({lease.source.snapshot.value}).string() : "",
                       .save = asked.snapshot(lease.lease).string(),
                       .run_seed = run_seed});
}

std::string outcome_text(const AskTellRun& run) {
    std::string text = fmt::format("{}: the search has ended", run.run.header.name);
    if (const auto best = run.run.manager.best()) {
        text += fmt::format("; best: member {} with {} {} at {}", best->member.value, run.run.header.metric,
                            metric_text(best->metric), units_text(best->resource, run.run.header.unit));
        const auto snapshot = run.asked.snapshot({best->snapshot.value});
        if (fs::exists(snapshot)) text += ", kept in " + snapshot.string();
    }
    return text;
}

/// Writes the lease beside the run file, then to standard output: after a crash in between the file has it.
void hand_out(const effect::Train& lease, const AskTellRun& run) {
    const auto text = text_of(lease, run.run.manager, run.run.job.run.seed, run.asked);
    const auto path = run.asked.lease(lease.lease);
    make_own_file(path);
    if (!(std::ofstream(path) << text << '\n' << std::flush)) {
        throw UserError(fmt::format("{}: cannot be written; the lease is handed out by the next ask", path.string()));
    }
    fmt::print("{}\n", text);
}

std::optional<ExitCode> ask_once(const fs::path& file, const AskedFolder& asked, const LimitChanges& limits) {
    AskTellRun run(file, asked);
    require_asked(run.run.job);
    if (limits.any()) {
        const auto changed = changed_budget(run.run.manager.budget(), checked_request(run.run, limits));
        if (run.run.manager.ended()) run.session.feed(input::IncarnationStarted{run.state.incarnations(), 0});
        run.session.feed(changed);
    }
    const auto lease = run.session.ask([&](LeaseId id) { return fs::exists(asked.lease(id)); });
    run.close();
    if (lease) {
        hand_out(*lease, run);
        return ExitCode::ok;
    }
    if (!run.run.manager.ended()) return std::nullopt;
    print_error(outcome_text(run));
    return ExitCode::search_ended;
}

/// Values in the order of the run's metrics, NaN where no value was told.
std::vector<double> metric_values(const record::RunHeader& header, const std::vector<ObjectiveSettings>& objectives,
                                  const std::vector<std::string>& told) {
    std::vector<double> values(header.metrics.size(), std::numeric_limits<double>::quiet_NaN());
    std::vector<bool> known(values.size());
    for (const auto& text : told) {
        const auto equals = text.find('=');
        const auto name = text.substr(0, equals);
        const auto metric = std::ranges::find(header.metrics, name, &MetricInfo::name);
        if (equals == std::string::npos || metric == header.metrics.end()) {
            std::vector<std::string> names;
            for (const auto& one : header.metrics) names.push_back(one.name);
            throw UserError(fmt::format("\"{}\" must be NAME=VALUE of a metric of the run: {}{}", text,
                                        fmt::join(names, ", "), did_you_mean(name, names)));
        }
        const char* begin = text.c_str() + equals + 1;
        char* end = nullptr;
        const auto at = static_cast<std::size_t>(metric - header.metrics.begin());
        values[at] = std::strtod(begin, &end);
        known[at] = true;
        if (end == begin || *end != '\0') throw UserError(fmt::format("\"{}\" must be NAME=NUMBER", text));
    }
    for (const auto& objective : objectives) {
        if (known[objective.metric]) continue;
        throw UserError(
            fmt::format("{}=VALUE is missing: members are ranked by it", header.metrics[objective.metric].name));
    }
    return values;
}

std::uint64_t bytes_at(const fs::path& path) {
    if (!fs::exists(path)) return 0;
    if (!fs::is_directory(path)) return std::max<std::uint64_t>(1, fs::file_size(path));
    std::uint64_t bytes = 1;
    for (const auto& file : fs::recursive_directory_iterator(path)) {
        if (file.is_regular_file()) bytes += file.file_size();
    }
    return bytes;
}

/// Seconds since the lease was handed out.
double seconds_since(const fs::path& path) {
    std::error_code error;
    const auto written = fs::last_write_time(path, error);
    if (error) return 0;
    return std::max(0.0, std::chrono::duration<double>(fs::file_time_type::clock::now() - written).count());
}

input::Body told(const AskTellRun& run, const effect::Train& lease, const TellOptions& options) {
    const double seconds = options.seconds.value_or(seconds_since(run.asked.lease(lease.lease)));
    if (!options.failure.empty()) {
        return input::Failure{.worker = lease.worker,
                              .lease = lease.lease,
                              .kind = failure_named(options.failure),
                              .type = {},
                              .message = options.message,
                              .reached = lease.from,
                              .seconds = seconds};
    }
    const Resource reached = options.at.value_or(lease.to);
    if (reached <= lease.from || reached > lease.to) {
        throw UserError(fmt::format("--at must be in {} .. {}, what lease {} is for; got {}", lease.from + 1, lease.to,
                                    lease.lease.value, reached));
    }
    return input::Report{
        .worker = lease.worker,
        .lease = lease.lease,
        .reached = reached,
        .seconds = seconds,
        .snapshot_bytes = bytes_at(run.asked.snapshot(lease.lease)),
        .rows = {{reached, metric_values(run.run.header, run.run.manager.objectives(), options.metrics)}},
        .processes = 1};
}

}  // namespace

ExitCode ask(const fs::path& file, const JobOptions& job, const AskOptions& options) {
    require_short_name(file);
    if (!fs::exists(file) && job.file.empty()) {
        throw UserError(fmt::format("{}: is not there yet; start it with `stemma ask {} --job JOB.toml`", file.string(),
                                    file.string()));
    }
    const AskedFolder asked(file);
    {
        const auto turn = wait_for_turn(asked.lock());
        if (!fs::exists(file)) create(file, job);
    }
    auto code = ask_once(file, asked, options.limits);
    while (!code && options.wait) {
        std::this_thread::sleep_for(between_looks);
        code = ask_once(file, asked, {});
    }
    if (code) return *code;
    print_error(fmt::format("{}: nothing can be trained before a lease that is out is told", file.string()));
    return ExitCode::nothing_now;
}

ExitCode tell(const fs::path& file, std::uint64_t number, const TellOptions& options) {
    if (!fs::exists(file)) throw UserError(fmt::format("{}: there is no such file", file.string()));
    const AskedFolder asked(file);
    AskTellRun run(file, asked);
    require_asked(run.run.job);
    const LeaseId id{number};
    const auto lease = run.state.open().find(id);
    if (lease == run.state.open().end() || !fs::exists(asked.lease(id))) {
        throw UserError(
            fmt::format("{}: lease {} is not out: it was never asked for, was told before, or was taken back",
                        file.string(), number));
    }
    const auto before = run.run.manager.best();
    if (options.failure == "lost") {
        run.session.lose(lease->second.assign.worker, options.message.empty() ? "told to be lost" : options.message);
    } else {
        run.session.feed(told(run, lease->second.assign, options));
    }
    run.close();
    const auto best = run.run.manager.best();
    if (best && (!before || before->snapshot != best->snapshot)) {
        print_error(fmt::format("new best: member {} with {} {}", best->member.value,
                                printable_line(run.run.header.metric), metric_text(best->metric)));
    }
    if (run.run.manager.ended()) print_error(outcome_text(run));
    return ExitCode::ok;
}

}  // namespace stemma
