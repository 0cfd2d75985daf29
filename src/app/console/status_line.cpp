#include "app/console/status_line.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <vector>

#include "app/console/format.hpp"
#include "core/printable.hpp"

namespace stemma {

StatusLine::StatusLine(std::FILE* out, Terminal terminal, StatusSettings settings)
    : out_(out), terminal_(terminal), settings_(std::move(settings)) {
    next_summary_ = settings_.summary_seconds;
}

StatusLine::~StatusLine() { clear(); }

void StatusLine::clear() {
    if (!drawn_) return;
    std::fputs("\r\033[K", out_);
    std::fflush(out_);
    drawn_ = false;
}

void StatusLine::say(const std::string& text) {
    clear();
    std::fprintf(out_, "%s\n", printable(text).c_str());
    std::fflush(out_);
}

void StatusLine::on_hello(WorkerId worker, const message::Hello& hello) {
    ++workers_;
    // One line for each worker would flood the log of a large allocation. The worker table of the run file has all
    // workers.
    if (workers_ <= 8) {
        say(fmt::format("worker {} on {}: {}, {} thread{}", worker.value, hello.host, hello.device, hello.threads,
                        hello.threads == 1 ? "" : "s"));
    } else if (workers_ == 9) {
        say("more workers: see the run file");
    }
}

void StatusLine::on_entry(const Input& input, std::span<const Effect> effects, const Manager& manager) {
    for (const auto& effect : effects) {
        if (const auto* noted = std::get_if<effect::Noted>(&effect)) note(input, *noted, manager);
    }
    if (const auto* lost = std::get_if<input::WorkerLost>(&input.body)) {
        say(fmt::format("[{}] worker {} is lost: {}", clock_text(input.time), lost->worker.value,
                        indented(lost->reason)));
    } else if (const auto* failed = std::get_if<input::Failure>(&input.body)) {
        const auto kind = fmt::format("{} {}", name_of(failed->kind), printable_line(failed->type));
        ++failed_trainings_;
        last_failure_ = failure_text(*failed);
        if (++failures_[kind] == 1) {
            say(fmt::format("[{}] first failure of this kind ({}) on worker {}: {}", clock_text(input.time), kind,
                            failed->worker.value, indented(excerpt(failed->message))));
        }
    }
}

void StatusLine::note(const Input& input, const effect::Noted& noted, const Manager& manager) {
    switch (noted.kind) {
        case EventKind::new_best: {
            // Early in a search every second report is a new best. On a terminal the status line shows it anyway.
            if (input.time - last_best_said_ < (terminal_.live ? 1.0 : 10.0)) return;
            last_best_said_ = input.time;
            say(fmt::format("[{}] new best: {} {} by member {} after {}", clock_text(input.time), settings_.metric,
                            metric_text(noted.value), noted.member.value,
                            units_text(manager.member(noted.member).reached, settings_.unit)));
            return;
        }
        case EventKind::worker_retired:
            say(fmt::format("[{}] worker {} is retired after device errors or timeouts", clock_text(input.time),
                            noted.worker.value));
            return;
        case EventKind::persist_failed:
            say(fmt::format("[{}] the durable copy of snapshot {} could not be written: {}", clock_text(input.time),
                            noted.lease.value, std::get<input::Persisted>(input.body).message));
            return;
        case EventKind::repeated_failure:
            say(fmt::format("[{}] {:.0f} members in a row failed with the same error: stopping", clock_text(input.time),
                            noted.value));
            return;
        default:
            return;
    }
}

void StatusLine::on_tick(const Manager& manager, double now) {
    if (terminal_.live) {
        const auto text = printable_line(summary(manager, now));
        std::fprintf(out_, "\r%s\033[K", cut_to_width(text, terminal_.width - 1).c_str());
        std::fflush(out_);
        drawn_ = true;
    } else if (now >= next_summary_) {
        next_summary_ = now + settings_.summary_seconds;
        say(summary(manager, now));
    }
}

std::string StatusLine::summary(const Manager& manager, double now) const {
    const auto totals = manager.totals();
    const auto& budget = manager.budget();
    const auto of = [](std::uint64_t value, std::uint64_t limit) {
        return limit == 0 ? std::to_string(value) : fmt::format("{}/{}", value, limit);
    };
    std::string text = fmt::format(
        "{}  {} members  {} running  {} reports  {} {}s", clock_text(now), of(totals.members, budget.members),
        totals.running, of(totals.reports, budget.reports), of(totals.resource, budget.resource), settings_.unit);
    if (failed_trainings_ > 0) text += fmt::format("  {} trainings failed", failed_trainings_);
    if (totals.failures > 0) text += fmt::format("  {} members given up", totals.failures);
    if (const auto best = manager.best()) {
        text +=
            fmt::format("  best {} {} (member {})", settings_.metric, metric_text(best->metric), best->member.value);
    }
    if (const auto arms = manager.scheduler().arms(); !arms.empty()) {
        std::string intervals;
        for (const auto& arm : arms) {
            intervals += fmt::format("{}{}: {}", intervals.empty() ? "" : ", ", arm.interval,
                                     arm.stopped_by >= 0 ? "stopped" : std::to_string(arm.closed_at));
        }
        return text + "  intervals " + intervals;
    }
    std::string rungs;
    for (const auto& row : manager.scheduler().rungs())
        rungs += fmt::format("{}{}", rungs.empty() ? "" : "/", row.finished);
    if (!rungs.empty()) text += "  rungs " + rungs;
    return text;
}

}  // namespace stemma
