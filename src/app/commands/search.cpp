#include "app/commands/search.hpp"

#include <fmt/format.h>
#include <spdlog/logger.h>
#include <unistd.h>

#include <chrono>
#include <exception>
#include <set>
#include <thread>

#include "app/commands/recorded_run.hpp"
#include "app/console/final_report.hpp"
#include "app/console/format.hpp"
#include "app/console/print.hpp"
#include "app/console/status_line.hpp"
#include "app/durable_snapshots.hpp"
#include "app/log/log_file.hpp"
#include "app/log/logged_trainer.hpp"
#include "app/log/run_log.hpp"
#include "app/ranks.hpp"
#include "app/registry.hpp"
#include "app/worker_place.hpp"
#include "platform/gpus.hpp"
#include "platform/launch.hpp"
#include "platform/machine.hpp"
#include "platform/seats.hpp"
#include "platform/signals.hpp"
#include "platform/terminal.hpp"
#include "transport/backoff.hpp"
#include "transport/loopback.hpp"
#include "worker/worker_host.hpp"

namespace stemma {

namespace {

std::string run_id_text(std::uint64_t run_id) { return fmt::format("{:016x}", run_id); }

/// A worker's part. One that cannot start (data not there, no GPU) tells rank 0 why, and ends alone.
WorkerExit be_worker(Endpoint& endpoint, const Job& job, const std::filesystem::path& run_file, std::uint64_t run_id,
                     const WorkerSeat& seat, const std::shared_ptr<FirstProgram>& first = nullptr) {
    std::unique_ptr<Trainer> trainer;
    WorkerPlace place;
    try {
        place = place_of(job, seat);
        if (job.trainer.type == TrainerType::process)
            place.trainer.program_log = program_log(run_file, endpoint.rank());
        trainer = make_logged_trainer(make_trainer(job, place.trainer, first), run_file, endpoint.rank());
    } catch (const std::exception& error) {
        if (first) first->refuse(std::current_exception());
        const bool mistake = dynamic_cast<const UserError*>(&error) != nullptr;
        Bytes frames;
        encode(ToManager{Goodbye{std::string(error.what()).substr(0, message_text_max), mistake}}, {run_id, 0}, frames);
        endpoint.send(0, std::move(frames));
        IdleBackoff backoff;
        while (!endpoint.idle()) {
            static_cast<void>(endpoint.poll());
            backoff.wait();
        }
        return WorkerExit::done;
    }
    DurableSnapshots files(run_file, run_id_text(run_id));
    WorkerHostSettings settings;
    settings.run_id = run_id;
    settings.worker.heartbeat = job.workers.heartbeat;
    settings.worker.manager_timeout = std::max(60.0, job.workers.lost_after);
    settings.host = host_name();
    settings.device = place.device;
    settings.snapshot_quota = snapshot_quota(job.workers.snapshot_memory, memory(), std::max(1, seat.workers()));
    settings.threads = place.trainer.threads;
    return run_worker(endpoint, *trainer, job.space, settings, files);
}

/// Tells all ranks to leave: rank 0 cannot start the search.
void send_away(Endpoint& endpoint, std::uint64_t run_id) {
    for (int rank = 1; rank < endpoint.size(); ++rank) {
        Bytes frames;
        encode(ToWorker{Leave{}}, {run_id, 0}, frames);
        endpoint.send(rank, std::move(frames));
    }
    IdleBackoff backoff;
    while (!endpoint.idle()) {
        static_cast<void>(endpoint.poll());
        backoff.wait();
    }
}

/// Another start may go better after a stop, a signal, a time limit or the loss of ranks, and only then.
ExitCode exit_code(const HostResult& result, const Totals& totals) {
    switch (result.reason) {
        case EndReason::stopped:
            return result.stopped_by == StopReason::user ? ExitCode::stopped : ExitCode::requeue;
        case EndReason::no_workers:
            if (result.stopped_by == StopReason::user) return ExitCode::stopped;
            if (!result.mistakes.empty()) return ExitCode::user_error;  // which the next start would meet, too
            if (result.missed > 0) return ExitCode::requeue;
            return result.refusals.empty() ? ExitCode::failed : ExitCode::user_error;
        case EndReason::repeated_failure:
            return ExitCode::failed;
        default:
            return totals.reports > totals.diverged ? ExitCode::ok : ExitCode::failed;
    }
}

/// What of the user's mistakes left no worker: each once.
std::string text_of(const std::vector<std::string>& mistakes) {
    const std::set<std::string> reasons(mistakes.begin(), mistakes.end());
    std::string text;
    for (const auto& reason : reasons) text += (text.empty() ? "" : "; ") + reason;
    return text;
}

/// The code that the process should return under its launcher.
int launcher_code(ExitCode code) {
    const auto environment = read_environment();
    return exit_code_for_launcher(static_cast<int>(code), launch_of(environment), environment);
}

[[noreturn]] void leave_now(ExitCode code) { ::_exit(launcher_code(code)); }

struct Outcome {
    ExitCode code = ExitCode::ok;
    bool workers_lost = false;
};

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

/// What ends the search from outside: a signal, or the end of the allocation coming near. Its time is measured from the
/// construction on, by a clock that does not jump.
class Outside {
public:
    Outside(SignalWatch& signals, const std::optional<TimeLeft>& time) : signals_(signals), time_(time) {}

    /// `say` tells what is not obeyed.
    std::optional<StopReason> stop_wish(const std::function<void(const std::string&)>& say) {
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
        if (asked == Interruption::now) leave_now(ExitCode::requeue);  // the record is whole at any moment
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

/// What was asked for while nothing ran: `lead` gets what is to be obeyed. Returns what to tell of it.
std::vector<std::string> take_waiting(Lead& lead, ControlFile& control) {
    std::vector<std::string> lines;
    const std::string_view later = "`stemma resume` came later, so the search goes on";
    if (lead.stop_cut) {
        if (!lead.by_hand) lead.host.first.push_back(StopRequested{StopReason::user});
        lines.push_back(fmt::format("`stemma stop`: the last start was killed before it had ended by it; {}",
                                    lead.by_hand ? later : "the search ends now"));
    }
    for (auto& wish : control.poll()) {
        const bool stop = std::holds_alternative<StopRequested>(wish.body);
        std::string_view outcome = "it is obeyed now";
        if (stop && lead.by_hand) outcome = later;
        if (stop && !lead.by_hand) outcome = "the search ends before it trains";
        lines.push_back(
            fmt::format("{} of {}, when nothing ran: {}", command_of(wish.body), date_text(wish.asked), outcome));
        if (stop && lead.by_hand) {
            control.drop(wish);
        } else {
            lead.host.waiting.push_back(std::move(wish));
        }
    }
    return lines;
}

/// The manager's part, on rank 0.
Outcome be_manager(Endpoint& endpoint, const Job& job, std::uint64_t run_id, const LaunchOptions& launch,
                   SignalWatch& signals, const LeadMaker& make_lead, FirstProgram* program = nullptr) {
    const auto environment = read_environment();
    const auto process = launch_of(environment);
    const auto time = time_left(process, unix_time(), launch.grace);
    Outside outside(signals, time);
    std::optional<Lead> lead;
    try {
        lead.emplace(make_lead(run_id, program));
    } catch (...) {
        send_away(endpoint, run_id);
        throw;
    }
    lead->host.run_id = run_id;
    ControlFile control(lead->run_file, lead->run_id, lead->host.next_sequence);
    const auto waiting = take_waiting(*lead, control);
    lead->host.heartbeat_timeout = job.workers.lost_after;
    lead->host.ping_interval = job.workers.heartbeat;
    lead->host.join_timeout = job.workers.start_timeout;
    DurableSnapshots files(lead->run_file, run_id_text(run_id));
    const auto terminal = launch.quiet ? Terminal{} : terminal_of(STDERR_FILENO, environment);
    const double busy_before = lead->manager.totals().busy_seconds;
    StatusSettings status{job.metric.name, std::string(job.trainer.unit_name())};
    if (launch.quiet) status.summary_seconds = 1e18;
    const auto log = open_log(lead->run_file, 0);
    log->info("{}: {}, {}", lead->name, lead->manager.scheduler().describe(), lead->run_file.string());
    if (job.scheduler.population() && job.trainer.type == TrainerType::torch) {
        log->info("children start with {}",
                  job.trainer.inherit_optimiser ? "their parent's optimiser state" : "a new optimiser's state");
    }
    if (!lead->record->notice().empty()) log->warn("{}", lead->record->notice());
    HostResult result;
    {
        StatusLine line(stderr, terminal, status);
        if (!lead->record->notice().empty()) line.say(lead->record->notice());
        for (const auto& text : surroundings(process, time)) line.say(text);
        for (const auto& text : waiting) line.say(text);
        if (endpoint.size() == 2 && job.workers.replicated != DurablePolicy::none) {
            constexpr auto alone = "workers.replicated: with one worker there is no second one to keep copies";
            line.say(alone);
            log->warn("{}", alone);
        }
        lead->host.stop_wish = [&] { return outside.stop_wish([&](const std::string& text) { line.say(text); }); };
        RunLog run_log(log, job.metric.name, std::string(job.trainer.unit_name()));
        HostObservers observers({&line, &run_log});
        ManagerHost host(endpoint, lead->manager, *lead->record, &files, &control, observers, lead->host);
        try {
            result = host.run();
        } catch (const std::exception& error) {
            // The record cannot be written any more (disk full), or a bug: what was committed is kept. Ranks may be
            // gone.
            line.say(fmt::format("stemma: {}", error.what()));
            log->error("{}", error.what());
            const bool user = dynamic_cast<const UserError*>(&error) != nullptr;
            return {user ? ExitCode::user_error : ExitCode::internal_error, true};
        }
    }
    const auto code = exit_code(result, lead->manager.totals());
    // The search has ended: a batch script is to know how, whatever becomes of this process in what is left to do.
    // Before the record is closed: killed in between, a search that a user stopped counts as not yet ended by that, and
    // ends again; the other way round it would train on.
    static_cast<void>(launcher_code(code));
    lead->record->close(code == ExitCode::ok);
    if (code == ExitCode::user_error && !result.mistakes.empty()) {
        print_error(fmt::format("stemma: no worker is left: {}", text_of(result.mistakes)));
        return {code, result.workers_lost};
    }
    if (code == ExitCode::user_error) {
        print_error(fmt::format("stemma: no worker could start: {}", text_of(result.refusals)));
        // Nothing has happened: a repaired job starts under the same name.
        if (lead->host.incarnation == 0) std::filesystem::remove(lead->run_file);
        return {code, result.workers_lost};
    }
    auto ended = fmt::format("ended after {}, {}", clock_text(result.time), reason_text(result.reason));
    if (code == ExitCode::failed && lead->manager.totals().reports == lead->manager.totals().diverged) {
        ended += fmt::format("; no training gave a finite {}", job.metric.name);
    }
    const ReportContext context{.name = lead->name,
                                .run_file = path_to_type(lead->run_file),
                                .metric = job.metric.name,
                                .unit = std::string(job.trainer.unit_name()),
                                .metrics = metrics_of(job),
                                .workers = static_cast<std::size_t>(endpoint.size() - 1),
                                .seconds = result.time,
                                .since = lead->host.time_before,
                                .busy_before = busy_before,
                                .to_max = job.scheduler.final_result == FinalResult::max,
                                .ended = ended,
                                .program = program_to_type(),
                                .lineage = job.scheduler.population() ? best_lineage_text(lead->run_file) : ""};
    print(final_report(lead->manager, context));
    std::fflush(stdout);
    return {code, result.workers_lost};
}

ExitCode search_in_process(const Launch& process, const Job& job, const std::filesystem::path& run_file,
                           const LaunchOptions& launch, const LeadMaker& make_lead) {
    SignalWatch signals;
    const auto seen = gpus_for(job);
    const auto otherwise = seen.empty() ? std::max(1, usable_cores())
                                        : static_cast<int>(seen.size()) * static_cast<int>(job.workers.per_gpu);
    const int workers = launch.workers > 0 ? static_cast<int>(launch.workers) : otherwise;
    if (process.launcher != Launcher::none) {
        fmt::print(stderr, "stemma: {} started one task only: {} worker{} inside it{}\n", name_of(process.launcher),
                   workers, workers == 1 ? "" : "s",
                   launch.workers > 0 ? ""
                                      : fmt::format(" (-n says how many; `{} -n 3` is a manager and two workers)",
                                                    process.launcher == Launcher::slurm ? "srun" : "mpirun"));
    }
    const auto run_id = new_run_id();
    auto endpoints = make_loopback(workers + 1);
    const std::vector gpus(static_cast<std::size_t>(workers), seen);
    // Rank 0 checks the program of the first worker before the search begins.
    const auto program =
        job.trainer.type == TrainerType::process ? std::make_shared<FirstProgram>() : std::shared_ptr<FirstProgram>();
    std::vector<std::jthread> threads;
    for (int rank = 1; rank <= workers; ++rank) {
        threads.emplace_back([&, rank] {
            be_worker(*endpoints[static_cast<std::size_t>(rank)], job, run_file, run_id, {rank - 1, gpus, workers},
                      rank == 1 ? program : nullptr);
        });
    }
    return be_manager(*endpoints[0], job, run_id, launch, signals, make_lead, program.get()).code;
}

ExitCode search_over_mpi(const Launch& process, const Job& job, const std::filesystem::path& run_file,
                         const LaunchOptions& launch, const LeadMaker& make_lead) {
    // Launchers send signals to every rank: workers leave them to the manager, which tells them what to do. Before MPI,
    // whose start takes time: the warning of a short job comes meanwhile.
    SignalWatch signals;
    Ranks ranks(job.workers.start_timeout);
    const auto run_id = ranks.agree(new_run_id());
    const auto endpoint = ranks.endpoint();
    const auto seat = seat_among(ranks, endpoint->rank(), process, gpus_for(job));
    ranks.started();
    if (endpoint->rank() == 0) {
        const auto outcome = be_manager(*endpoint, job, run_id, launch, signals, make_lead);
        if (outcome.workers_lost) ranks.abandon(launcher_code(outcome.code));
        return outcome.code;
    }
    if (be_worker(*endpoint, job, run_file, run_id, seat) != WorkerExit::done) ranks.abandon(0);
    return ExitCode::ok;
}

}  // namespace

ExitCode search(const Job& job, const std::filesystem::path& run_file, const LaunchOptions& launch,
                const LeadMaker& lead) {
    require_trainer(job);
    survive_broken_pipes();
    if (job.trainer.type == TrainerType::process) static_cast<void>(child_starter());  // before MPI and threads
    const auto process = launch_of(read_environment());
    // A shell on a compute node (`srun --pty bash`) is a task as well.
    if (process.size < 2) return search_in_process(process, job, run_file, launch, lead);
    return search_over_mpi(process, job, run_file, launch, lead);
}

}  // namespace stemma
