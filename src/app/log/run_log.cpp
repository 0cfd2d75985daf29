#include "app/log/run_log.hpp"

#include <fmt/format.h>
#include <spdlog/logger.h>

#include "app/console/format.hpp"
#include "core/error.hpp"

namespace stemma {

namespace {

std::string limits_text(const Budget& budget) {
    std::string text;
    const auto add = [&](const char* name, auto value) {
        if (value > 0) text += fmt::format(" {} {}", name, value);
    };
    add("members", budget.members);
    add("reports", budget.reports);
    add("resource", budget.resource);
    add("seconds", budget.seconds);
    if (budget.target) text += fmt::format(" target {}", *budget.target);
    return text.empty() ? " none" : text;
}

std::string_view text_of(StopReason reason) {
    switch (reason) {
        case StopReason::user:
            return "the user (stemma stop)";
        case StopReason::signal:
            return "a signal";
        case StopReason::time_limit:
            return "the time limit";
    }
    unreachable("a stop has one of the reasons");
}

std::string used_up_text(double configurations) {
    if (configurations == 1) return "1 configuration, which has been tried";
    return fmt::format("{:.0f} configurations, and all have been tried", configurations);
}

}  // namespace

RunLog::RunLog(std::shared_ptr<spdlog::logger> log, std::string metric, std::string unit)
    : log_(std::move(log)), metric_(std::move(metric)), unit_(std::move(unit)) {}

void RunLog::on_hello(WorkerId worker, const message::Hello& hello) {
    log_->info("worker {} on {} (process {}): {}, {} threads, {}; {} for snapshots", worker.value, hello.host,
               hello.pid, hello.device, hello.threads, hello.description, bytes_text(hello.snapshot_quota));
}

void RunLog::on_tick(const Manager&, double now) {
    if (now < next_flush_) return;
    next_flush_ = now + 5;
    log_->flush();
}

void RunLog::on_entry(const Input& entry, std::span<const Effect> effects, const Manager& manager) {
    input(entry);
    for (const auto& effect : effects) {
        if (const auto* noted = std::get_if<effect::Noted>(&effect)) note(*noted, manager);
        if (const auto* ended = std::get_if<effect::Ended>(&effect)) {
            const auto totals = manager.totals();
            log_->info("ended after {}: {}; {} members, {} reports, {} failures", clock_text(entry.time),
                       reason_text(ended->reason), totals.members, totals.reports, totals.failures);
            log_->flush();
        }
    }
}

void RunLog::input(const Input& entry) {
    if (const auto* started = std::get_if<input::IncarnationStarted>(&entry.body)) {
        log_->info("incarnation {}, {} workers expected, {} of search behind it", started->incarnation,
                   started->workers, clock_text(entry.time));
    } else if (const auto* lost = std::get_if<input::WorkerLost>(&entry.body)) {
        log_->warn("worker {} is lost: {}", lost->worker.value, lost->reason);
    } else if (const auto* failed = std::get_if<input::Failure>(&entry.body)) {
        log_->warn("lease {} on worker {} failed at {} {}s: {} {}: {}", failed->lease.value, failed->worker.value,
                   failed->reached, unit_, name_of(failed->kind), failed->type, failed->message);
    } else if (const auto* persisted = std::get_if<input::Persisted>(&entry.body)) {
        if (!persisted->ok)
            log_->error("snapshot {} could not be written: {}", persisted->snapshot.value, persisted->message);
    } else if (const auto* missing = std::get_if<input::SnapshotMissing>(&entry.body)) {
        log_->warn("snapshot {} is promised by the record and not there", missing->snapshot.value);
    } else if (const auto* stop = std::get_if<input::StopRequested>(&entry.body)) {
        log_->info("stop asked for by {}", text_of(stop->reason));
    } else if (const auto* stopped = std::get_if<input::MemberStopped>(&entry.body)) {
        log_->info("member {} stopped by the user", stopped->member.value);
    } else if (const auto* changed = std::get_if<input::BudgetChanged>(&entry.body)) {
        log_->info("limits changed:{}{}", limits_text(changed->budget),
                   changed->max_resource > 0 ? fmt::format("; max {}", changed->max_resource) : "");
    }
}

namespace {

/// Of the search that the stopped or the better member belongs to.
Resource interval_of(const Manager& manager, MemberId member) {
    const auto arms = manager.scheduler().arms();
    for (const auto& arm : arms) {
        if (arm.stopped_by < 0) continue;
        if (arm.behind == member) return arm.interval;
        if (arm.ahead == member) return arms[static_cast<std::size_t>(arm.stopped_by)].interval;
    }
    return 0;
}

}  // namespace

void RunLog::note(const effect::Noted& noted, const Manager& manager) {
    const auto member = noted.member.value;
    switch (noted.kind) {
        case EventKind::new_best:
            log_->info("new best: {} {} by member {} after {}: {}", metric_, metric_text(noted.value), member,
                       units_text(manager.member(noted.member).reached, unit_),
                       manager.space().describe(manager.member(noted.member).configuration));
            return;
        case EventKind::late_report:
            log_->warn("lease {} on worker {} was no longer out: its report is not ranked", noted.lease.value,
                       noted.worker.value);
            return;
        case EventKind::retry:
            log_->info("member {} is tried again", member);
            return;
        case EventKind::member_failed:
            log_->warn("member {} is given up", member);
            return;
        case EventKind::member_diverged:
            log_->info("member {} diverged (non-finite {})", member, metric_);
            return;
        case EventKind::evicted:
            log_->warn("a snapshot of member {} was dropped for want of memory", member);
            return;
        case EventKind::retrain:
            log_->warn("member {} is trained again: {} {}s are lost", member, noted.value, unit_);
            return;
        case EventKind::worker_retired:
            log_->error("worker {} is retired after device errors or timeouts", noted.worker.value);
            return;
        case EventKind::repeated_failure:
            log_->error("{:.0f} members in a row failed with the same error: stopping", noted.value);
            return;
        case EventKind::requeued:
            log_->info("lease {} of member {} goes back to the queue", noted.lease.value, member);
            return;
        case EventKind::selected:
            log_->info("member {} is a parent of generation {:.0f}", member, noted.value);
            return;
        case EventKind::arm_stopped:
            log_->info("the search with intervals of {} is stopped: {} {} by member {} after {}",
                       units_text(interval_of(manager, noted.member), unit_), metric_, metric_text(noted.value), member,
                       units_text(manager.member(noted.member).reached, unit_));
            return;
        case EventKind::arm_ahead:
            log_->info("ahead of it is the one with intervals of {}: {} {} by member {} after {}",
                       units_text(interval_of(manager, noted.member), unit_), metric_, metric_text(noted.value), member,
                       units_text(manager.member(noted.member).reached, unit_));
            return;
        case EventKind::model_late:
            log_->info("the model for member {} is not fitted yet: {}", member,
                       noted.value > 0 ? "a random draw" : "proposed by the last one");
            return;
        case EventKind::redrawn:
            log_->info("the proposal for member {} was tried before: a random draw among the others", member);
            return;
        case EventKind::used_up:
            log_->info("the space has {}", used_up_text(noted.value));
            return;
        case EventKind::sampler_chosen:
            log_->info("sampler: {}", manager.sampler().describe());
            return;
        case EventKind::budget_cut:
            log_->info("member {} is trained as far as the budget goes, instead of to {:.0f}", member, noted.value);
            return;
        case EventKind::persist_failed:  // logged with its input
        case EventKind::released:
            return;
    }
}

}  // namespace stemma
