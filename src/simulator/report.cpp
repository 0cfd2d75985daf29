#include <fmt/format.h>

#include "simulator/simulator.hpp"

namespace stemma {

namespace {

std::string_view text_of(EndReason reason) {
    switch (reason) {
        case EndReason::exhausted:
            return "the scheduler has nothing left";
        case EndReason::budget_members:
            return "member budget spent";
        case EndReason::budget_reports:
            return "report budget spent";
        case EndReason::budget_resource:
            return "training budget spent";
        case EndReason::budget_seconds:
            return "time budget spent";
        case EndReason::target:
            return "target reached";
        case EndReason::stopped:
            return "stopped";
        case EndReason::repeated_failure:
            return "the same failure again and again";
        case EndReason::no_workers:
            return "no workers left";
    }
    return "?";
}

std::string when(const std::optional<double>& seconds) { return seconds ? fmt::format("{:.6g} s", *seconds) : "never"; }

}  // namespace

std::string simulation_report(const SimulationResult& result) {
    std::string text;
    const auto add = [&](std::string_view name, const std::string& value) {
        text += fmt::format("{:<22}{}\n", name, value);
    };
    add("end", result.stalled ? "STALLED: nothing could happen any more (please report this as a bug)"
               : result.ended ? std::string(text_of(result.reason))
                              : "cut off before the end");
    add("virtual time", fmt::format("{:.6g} s", result.seconds));
    add("worker utilization", fmt::format("{:.2f} %", 100 * result.utilization()));
    add("time to target", when(result.target_reached));
    add("trained to the top", fmt::format("{} (first: {})", result.completed, when(result.first_completed)));
    add("members", fmt::format("{} born, {} given up", result.totals.members, result.totals.failures));
    add("reports", fmt::format("{} full, {} late", result.totals.reports, result.totals.late));
    add("training", fmt::format("{} units, of which {} done again", result.totals.resource, result.totals.retrained));
    if (result.best) {
        add("best", fmt::format("member {} at {} units: {:.6g}", result.best->member.value, result.best->resource,
                                result.best->metric));
    }
    add("faults", fmt::format("{} workers died, {} false alarms, {} trainings failed, {} messages lost, {} came twice",
                              result.deaths, result.false_alarms, result.dropped, result.messages_lost,
                              result.messages_duplicated));
    add("decisions", fmt::format("{} in {:.3f} s: {:.0f} a second", result.decisions, result.wall_seconds,
                                 result.decisions_per_second()));
    if (!result.rungs.empty()) {
        text += fmt::format("\n{:>8}{:>6}{:>10}{:>10}{:>10}{:>10}\n", "bracket", "rung", "resource", "entered",
                            "finished", "promoted");
        for (const auto& row : result.rungs) {
            text += fmt::format("{:>8}{:>6}{:>10}{:>10}{:>10}{:>10}\n", row.bracket, row.rung, row.resource,
                                row.entered, row.finished, row.promoted);
        }
    }
    return text;
}

}  // namespace stemma
