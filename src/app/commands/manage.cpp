// Rank 0's part of a search: the setup is at hand, the ranks are up.
#include <fmt/format.h>
#include <spdlog/logger.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <exception>
#include <iterator>
#include <set>
#include <utility>

#include "app/commands/recorded_run.hpp"
#include "app/commands/search.hpp"
#include "app/console/final_report.hpp"
#include "app/console/format.hpp"
#include "app/console/print.hpp"
#include "app/console/status_line.hpp"
#include "app/log/log_file.hpp"
#include "app/log/run_log.hpp"
#include "app/ranks/device_assignment.hpp"
#include "app/ranks/durable_snapshots.hpp"
#include "app/registry.hpp"
#include "platform/launch.hpp"
#include "platform/machine.hpp"
#include "platform/terminal.hpp"
#include "runtime/running_file.hpp"

namespace stemma {

namespace {

/// Only after a stop, a signal, a time limit or the loss of ranks may another start go better.
ExitCode exit_code(const HostResult& result, const Totals& totals) {
    switch (result.reason) {
        case EndReason::stopped:
            return result.stopped_by == StopReason::user ? ExitCode::stopped : ExitCode::requeue;
        case EndReason::no_workers:
            if (result.stopped_by == StopReason::user) return ExitCode::stopped;
            if (!result.mistakes.empty()) return ExitCode::user_error;  // the next start would meet them, too
            if (result.missed > 0) return ExitCode::requeue;
            return result.refusals.empty() ? ExitCode::failed : ExitCode::user_error;
        case EndReason::repeated_failure:
            return ExitCode::failed;
        default:
            return totals.reports > totals.diverged ? ExitCode::ok : ExitCode::failed;
    }
}

/// The user's mistakes that left no worker: each once.
std::string text_of(const std::vector<std::string>& mistakes) {
    const std::set<std::string> reasons(mistakes.begin(), mistakes.end());
    std::string text;
    for (const auto& reason : reasons) text += (text.empty() ? "" : "; ") + reason;
    return text;
}

/// What the batch system said, for the log of the job.
std::vector<std::string> surroundings(const Launch& process, const std::optional<TimeLeft>& time) {
    std::vector<std::string> lines;
    if (process.job_id.empty()) return lines;
    lines.push_back(describe(process));
    if (time) {
        lines.push_back(fmt::format("the allocation ends in {}; the search ends in order {} before",
                                    clock_text(time->whole), clock_text(time->whole - time->orderly)));
    }
    return lines;
}

/// Ends the search from outside: by a signal, or near the end of the allocation. Its time is measured from the
/// construction on, by a clock that does not jump.
class Outside {
public:
    Outside(SignalWatch& signals, const std::optional<TimeLeft>& time) : signals_(signals), time_(time) {}

    /// `say` reports signals that are not obeyed.
    std::optional<StopReason> stop_request(const std::function<void(const std::string&)>& say) {
        const std::chrono::duration<double> passed = std::chrono::steady_clock::now() - started_;
        if (signals_.take_warning()) {
            if (time_ && is_early_warning(*time_, passed.count())) {
                say(fmt::format("a warning (SIGUSR1) with {} of {} left is early: the search goes on until {} before",
                                clock_text(time_->whole - passed.count()), clock_text(time_->whole),
                                clock_text(time_->whole - time_->orderly)));
            } else {
                signals_.heed_warning();
            }
        }
        const auto asked = signals_.asked();
        if (asked == Interruption::now) ::_exit(launcher_code(ExitCode::requeue));  // the record is whole at any moment
        const bool late = time_ && passed.count() >= time_->orderly;
        if ((asked == Interruption::none && !late) || std::exchange(said_, true)) return std::nullopt;
        return asked == Interruption::none ? StopReason::time_limit : StopReason::signal;
    }

private:
    SignalWatch& signals_;
    std::optional<TimeLeft> time_;
    std::chrono::steady_clock::time_point started_ = std::chrono::steady_clock::now();
    bool said_ = false;
};

/// Requests made while no search ran: adds the requests to be obeyed to `setup`. Returns lines that report all of them.
std::vector<std::string> take_waiting(ManagerSetup& setup, ControlFile& control) {
    std::vector<std::string> lines;
    const std::string_view later = "`stemma resume` came later, so the search goes on";
    if (setup.stop_cut) {
        if (!setup.by_hand) setup.host.first.push_back(input::StopRequested{StopReason::user});
        lines.push_back(fmt::format("`stemma stop`: the last start was killed before it had ended by it; {}",
                                    setup.by_hand ? later : "the search ends now"));
    }
    for (auto& request : control.poll()) {
        const bool stop = std::holds_alternative<input::StopRequested>(request.body);
        std::string_view outcome = "it is obeyed now";
        if (stop && setup.by_hand) outcome = later;
        if (stop && !setup.by_hand) outcome = "the search ends before it trains";
        lines.push_back(
            fmt::format("{} of {}, when nothing ran: {}", command_of(request.body), date_text(request.asked), outcome));
        if (stop && setup.by_hand) {
            control.drop(request);
        } else {
            setup.host.waiting.push_back(std::move(request));
        }
    }
    return lines;
}

/// What the user should know before the first training, on the terminal and in the log.
void say_beforehand(StatusLine& line, spdlog::logger& log, const Job& job, const ManagerSetup& setup,
                    const std::vector<std::string>& lines, int workers) {
    log.info("{}: {}, {}", setup.name, setup.manager.scheduler().describe(), setup.run_file.string());
    log.info("sampler: {}", setup.manager.sampler().describe());
    const auto start = job.trainer.type->children_start(job.trainer.settings);
    if (job.scheduler.population() && !start.empty()) log.info("children start with {}", start);
    const auto warn = [&](const std::string& text) {
        line.say(text);
        log.warn("{}", text);
    };
    if (!setup.record->notice().empty()) warn(setup.record->notice());
    for (const auto& text : lines) line.say(text);
    if (workers == 1 && job.workers.replicated != DurablePolicy::none)
        warn("workers.replicated: with one worker there is no second one to keep copies");
}

/// Says why no worker is left. A new run file without any training is removed, so that a repaired job starts under the
/// same name.
void say_mistakes(const HostResult& result, const ManagerSetup& setup) {
    const bool began = !result.mistakes.empty();
    print_error(fmt::format("stemma: no worker {}: {}", began ? "is left" : "could start",
                            text_of(began ? result.mistakes : result.refusals)));
    if (setup.host.incarnation == 0 && setup.manager.totals().reports == 0) std::filesystem::remove(setup.run_file);
}

void print_report(const Job& job, const ManagerSetup& setup, const HostResult& result, ExitCode code, int workers,
                  double busy_before, const std::string& last_failure) {
    auto ended = fmt::format("ended after {}, {}", clock_text(result.time), reason_text(result.reason, setup.manager));
    if (code == ExitCode::failed && setup.manager.totals().reports == setup.manager.totals().diverged) {
        ended += fmt::format("; no training gave a finite {}", job.metric.name);
    }
    auto texts = job.scheduler.population() ? population_texts(setup.run_file) : PopulationTexts();
    const ReportContext context{
        .name = setup.name,
        .run_file = path_to_type(setup.run_file),
        .metric = job.metric.name,
        .unit = job.trainer.unit_name(),
        .metrics = metrics_of(job),
        .workers = static_cast<std::size_t>(workers),
        .seconds = result.time,
        .since = setup.host.time_before,
        .busy_before = busy_before,
        .to_max = job.scheduler.final_result == FinalResult::max,
        .ended = ended,
        .program = program_to_type(),
        .last_failure = last_failure,
        .resumable = result.reason == EndReason::stopped || result.reason == EndReason::no_workers,
        .gave_up = result.reason == EndReason::repeated_failure,
        .saved_by_program = job.trainer.type->traits.program,
        .lineage = std::move(texts.lineage),
        .selection = std::move(texts.selection)};
    print(final_report(setup.manager, context));
    std::fflush(stdout);
}

}  // namespace

SearchRanks::End SearchRanks::run_search(ManagerSetup setup) {
    const auto environment = read_environment();
    const auto process = launch_of(environment);
    const auto time = time_left(process, unix_time(), launch_.grace, job_.trainer.stop_units());
    Outside outside(signals_, time);
    ControlFile control(setup.run_file, setup.run_id, setup.host.next_sequence);
    auto lines = surroundings(process, time);
    std::ranges::move(take_waiting(setup, control), std::back_inserter(lines));
    if (const auto note = unused_gpus_note(job_); !note.empty()) lines.insert(lines.begin(), "note: " + note);
    for (const auto& text : job_.notes) lines.push_back("note: " + text);
    setup.host.run_id = run_id_;
    setup.host.heartbeat_timeout = job_.workers.lost_after;
    setup.host.ping_interval = job_.workers.heartbeat;
    setup.host.join_timeout = job_.workers.start_timeout;
    DurableSnapshots files(setup.run_file, run_id_text(run_id_));
    files.keep_only(setup.manager.durable_snapshots(), setup.manager.next_snapshot());
    const int workers = endpoint().size() - 1;
    const double busy_before = setup.manager.totals().busy_seconds;
    StatusSettings status{job_.metric.name, job_.trainer.unit_name()};
    if (launch_.quiet) status.summary_seconds = 1e18;
    const auto log = open_log(setup.run_file, 0);
    HostResult result;
    std::string last_failure;
    {
        StatusLine line(stderr, launch_.quiet ? Terminal{} : terminal_of(STDERR_FILENO, environment), status);
        say_beforehand(line, *log, job_, setup, lines, workers);
        setup.host.stop_request = [&] {
            return outside.stop_request([&](const std::string& text) { line.say(text); });
        };
        RunLog run_log(log, job_.metric.name, job_.trainer.unit_name());
        RunningFile running(setup.run_file);
        HostObservers observers({&line, &run_log, &running});
        ManagerHost host(endpoint(), setup.manager, *setup.record, &files, &control, observers, setup.host);
        parted_ = true;
        try {
            result = host.run();
            last_failure = line.last_failure();
        } catch (const std::exception& error) {
            // The record cannot be written any more (disk full), or a bug: committed entries are kept. Ranks may be
            // gone.
            line.say(fmt::format("stemma: {}", error.what()));
            log->error("{}", error.what());
            const bool user = dynamic_cast<const UserError*>(&error) != nullptr;
            return {user ? ExitCode::user_error : ExitCode::internal_error, true};
        }
    }
    if (!result.workers_lost) files.finish();
    const auto code = exit_code(result, setup.manager.totals());
    // The search has ended: a batch script must learn how, whatever becomes of this process. The code is written before
    // the record is closed. If the process is killed in between, a search that a user stopped counts as not yet ended,
    // and ends again. In the other order it would train on.
    static_cast<void>(launcher_code(code));
    setup.record->close(code == ExitCode::ok);
    if (code == ExitCode::user_error) {
        say_mistakes(result, setup);
    } else {
        print_report(job_, setup, result, code, workers, busy_before, last_failure);
    }
    return {code, result.workers_lost};
}

}  // namespace stemma
