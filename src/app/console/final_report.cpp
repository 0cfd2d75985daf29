#include "app/console/final_report.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <map>
#include <string_view>
#include <utility>
#include <vector>

#include "app/console/format.hpp"
#include "app/console/front_text.hpp"

namespace stemma {

namespace {

std::string best_text(const Manager& manager, const ReportContext& context) {
    const auto best = manager.best();
    if (!best && context.to_max && manager.totals().reports > manager.totals().diverged)
        return "no member has been trained to max yet, which scheduler.final = \"max\" asks of a result\n";
    if (!best) return "no member has a finite " + context.metric + " yet\n";
    const bool repeats = !best->spreads.empty();
    const auto objectives = manager.objectives();
    const auto optimized = [&](std::size_t index) {
        return std::ranges::any_of(objectives, [&](const auto& one) { return one.metric == index; });
    };
    std::string text = fmt::format(
        "{}: {}{} after {}{}\n", objectives.size() == 1 ? "best member" : "best " + context.metric,
        objectives.size() == 1 ? "" : "member ", best->member.value, units_text(best->resource, context.unit),
        repeats ? ", of the best configuration (mean +- standard deviation over its seeds)" : "");
    text += fmt::format("  configuration  {}\n", manager.space().describe(manager.member(best->member).configuration));
    for (std::size_t i = 0; i < context.metrics.size() && i < best->metrics.size(); ++i) {
        const auto& metric = context.metrics[i];
        // `stemma schedule` shows how hyperparameters moved.
        if (std::isnan(best->metrics[i]) || metric.name.starts_with("hyper")) continue;
        const auto spread = repeats ? " +- " + metric_text(best->spreads[i]) : "";
        text +=
            fmt::format("  {:<14} {}{}{}{}\n", metric.name, metric_text(best->metrics[i]), spread,
                        optimized(i) ? "  (optimized)" : "", metric.held_out ? "  (held out: no decision saw it)" : "");
    }
    return text;
}

/// Which interval the task wants: searches side by side, each with its last value, and why it was stopped.
std::string arms_text(const Manager& manager, const ReportContext& context) {
    const auto arms = manager.scheduler().arms();
    if (arms.empty()) return "";
    const auto value = [&](MemberId member) { return metric_text(manager.member(member).metric); };
    std::string text =
        fmt::format("\nintervals side by side, with the best {} of the last generation:\n", context.metric);
    for (const auto& arm : arms) {
        text += fmt::format("  {:<12} ", units_text(arm.interval, context.unit));
        if (!arm.best.exists()) {
            text += arm.dead ? "lost all of its members\n" : "not begun\n";
            continue;
        }
        text += fmt::format("{} (member {}) after {}", value(arm.best), arm.best.value,
                            units_text(arm.closed_at, context.unit));
        if (arm.stopped_by >= 0) {
            text += fmt::format("; stopped: {} (member {}) at {} or later, {} (member {}) there with {}",
                                value(arm.behind), arm.behind.value, arm.stopped_at, value(arm.ahead), arm.ahead.value,
                                units_text(arms[static_cast<std::size_t>(arm.stopped_by)].interval, context.unit));
        } else if (arm.dead) {
            text += "; lost all of its members";
        }
        text += "\n";
    }
    return text;
}

std::string_view cause_text(FailureKind kind) {
    switch (kind) {
        case FailureKind::none:
            return "stopped by the user";
        case FailureKind::nonfinite:
            return "diverged";
        case FailureKind::out_of_memory:
            return "out of memory";
        case FailureKind::infeasible:
            return "infeasible";
        case FailureKind::device:
            return "with a device error";
        case FailureKind::exception:
            return "with an exception";
        case FailureKind::snapshot_unavailable:
            return "without their start";
        case FailureKind::worker_lost:
            return "with lost workers";
        case FailureKind::timed_out:
            return "timed out";
        case FailureKind::broken_program:
            return "with broken programs";
    }
    return "unknown";
}

/// How many members failed, and why: the most frequent cause first.
std::string causes_text(const Manager& manager) {
    std::map<FailureKind, std::uint64_t> counts;
    std::uint64_t all = 0;
    for (std::uint64_t id = 0; id < manager.member_count(); ++id) {
        const auto member = manager.member({id});
        if (member.state != MemberState::failed) continue;
        ++counts[member.failure];
        ++all;
    }
    if (all == 0) return "";
    std::vector<std::pair<FailureKind, std::uint64_t>> causes(counts.begin(), counts.end());
    std::ranges::stable_sort(causes, std::ranges::greater(), [](const auto& cause) { return cause.second; });
    std::string text = fmt::format("{} {} failed:", all, all == 1 ? "member" : "members");
    for (const auto& [kind, count] : causes)
        text += fmt::format("{} {} {}", &kind == &causes.front().first ? "" : ",", count, cause_text(kind));
    return text + "\n";
}

/// Which members failed, and for which of them the training will be repeated; "" if none failed.
std::string failures_text(const Manager& manager) {
    std::vector<MemberId> failed, waiting;
    for (std::uint64_t id = 0; id < manager.member_count(); ++id) {
        const auto member = manager.member({id});
        if (member.state == MemberState::failed) failed.push_back({id});
        if (member.to_be_retried) waiting.push_back({id});
    }
    std::string text;
    if (!failed.empty())
        text += causes_text(manager) +
                fmt::format("failed: {} {}\n", failed.size() == 1 ? "member" : "members", members_text(failed));
    if (!waiting.empty()) {
        text += fmt::format("failed, and waiting to be tried once more: {} {}\n",
                            waiting.size() == 1 ? "member" : "members", members_text(waiting));
    }
    return text;
}

std::string work_text(const Manager& manager, const ReportContext& context) {
    const auto totals = manager.totals();
    const auto diverged = totals.diverged > 0 ? fmt::format(" ({} of them diverged)", totals.diverged) : "";
    std::string text = fmt::format("{} members, {} reports{}, {} {}s in {}", totals.members, totals.reports, diverged,
                                   totals.resource, context.unit, clock_text(context.seconds));
    if (totals.late > 0) text += fmt::format("; {} late reports", totals.late);
    if (totals.retrained > 0) text += fmt::format("; {} {}s trained twice", totals.retrained, context.unit);
    text += "\n" + failures_text(manager);
    // Of the last start: earlier starts may have had another number of workers.
    const double present = (context.seconds - context.since) * static_cast<double>(context.workers);
    if (present > 0) {
        text += fmt::format("worker utilization: {:.1f} % of {} workers spent in training{}\n",
                            100 * (totals.busy_seconds - context.busy_before) / present, context.workers,
                            context.since > 0 ? " since it was resumed" : "");
    }
    return text;
}

/// What a user repairs first.
std::string error_text(const Manager& manager, const ReportContext& context) {
    if (context.last_failure.empty() || (manager.best() && !context.gave_up)) return "";
    return fmt::format("\nlast error: {}\noutput of the trainings: {}.logs/\n", context.last_failure, context.run_file);
}

std::string files_text(const Manager& manager, const ReportContext& context) {
    const auto best = manager.best();
    const bool kept = best && best->snapshot.exists();
    return fmt::format("run file: {0}\nbeside it, to be moved with it: {0}.logs/{1}\n", context.run_file,
                       kept ? fmt::format(", {}.snapshots/ (models)", context.run_file) : "");
}

std::string next_text(const Manager& manager, const ReportContext& context) {
    const auto& file = context.run_file;
    std::vector<std::pair<std::string, std::string_view>> commands;  // and what each is for
    const auto add = [&](const std::string& words, std::string_view purpose) {
        commands.emplace_back(context.program + " " + words, purpose);
    };
    if (const auto best = manager.best()) {
        add(fmt::format("show {} {}", file, best->member.value), "its learning curve and history");
        if (best->snapshot.exists())
            add(fmt::format("export {} --weights {}", file, context.saved_by_program ? "best.pt" : "best.h5"),
                context.saved_by_program ? "its model, as the program saved it" : "its weights (.pt: a state_dict)");
    } else if (!context.last_failure.empty()) {
        return fmt::format("next: repair the error, then delete {} and start again, or give another --output\n", file);
    }
    if (manager.front().size() > 1) add(fmt::format("front {}", file), "the front with its configurations");
    add(fmt::format("report {}", file), "a page to look at");
    add(fmt::format("export {} --csv tables/", file), "everything as CSV");
    if (context.resumable) {
        add(fmt::format("resume {}", file), "go on where it stopped");
    } else {
        add(fmt::format("resume {} --help", file), "go on with a larger budget");
    }
    add(fmt::format("verify {}", file), "replay every decision");
    std::size_t width = 0;
    for (const auto& [command, purpose] : commands) width = std::max(width, command.size());
    std::string text = "next:\n";
    for (const auto& [command, purpose] : commands) text += fmt::format("  {:<{}}  {}\n", command, width, purpose);
    return text;
}

}  // namespace

std::string final_report(const Manager& manager, const ReportContext& context) {
    std::string text = fmt::format("{}{}\n\n", context.name, context.ended.empty() ? "" : ": " + context.ended);
    text += best_text(manager, context) + "\n";
    constexpr std::size_t rows = 10;
    if (const auto front = front_text(manager, context.metrics, context.unit, rows, false); !front.empty())
        text += front + "\n";
    text += manager.scheduler().describe() + "\nsampler: " + manager.sampler().describe() + "\n";
    if (const auto rungs = manager.scheduler().rungs(); !context.lineage.empty()) {
        text += "\n" + context.lineage;
    } else if (!rungs.empty()) {
        text += rung_table(rungs, context.unit);
    }
    text += arms_text(manager, context);
    if (!context.selection.empty()) text += "\n" + context.selection;
    text += "\n" + work_text(manager, context);
    text += error_text(manager, context) + files_text(manager, context) + next_text(manager, context);
    return text;
}

}  // namespace stemma
