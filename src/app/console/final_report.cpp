#include "app/console/final_report.hpp"

#include <fmt/format.h>

#include <cmath>

#include "app/console/format.hpp"

namespace stemma {

namespace {

std::string best_text(const Manager& manager, const ReportContext& context) {
    const auto best = manager.best();
    if (!best) return "no member has a finite " + context.metric + " yet\n";
    std::string text =
        fmt::format("best member: {} after {}\n", best->member.value, units_text(best->resource, context.unit));
    text += fmt::format("  configuration  {}\n", manager.space().describe(manager.member(best->member).configuration));
    for (std::size_t i = 0; i < context.metrics.size() && i < best->metrics.size(); ++i) {
        const auto& metric = context.metrics[i];
        // How hyperparameters moved is for `stemma schedule`.
        if (std::isnan(best->metrics[i]) || metric.name.starts_with("hyper")) continue;
        text += fmt::format("  {:<14} {:.4f}{}{}\n", metric.name, best->metrics[i],
                            metric.name == context.metric ? "  (optimised)" : "",
                            metric.held_out ? "  (held out: no decision saw it)" : "");
    }
    return text;
}

std::string work_text(const Manager& manager, const ReportContext& context) {
    const auto totals = manager.totals();
    std::string text = fmt::format("{} members, {} reports, {} {}s in {}", totals.members, totals.reports,
                                   totals.resource, context.unit, clock_text(context.seconds));
    if (totals.failures > 0) text += fmt::format("; {} members failed", totals.failures);
    if (totals.late > 0) text += fmt::format("; {} late reports", totals.late);
    if (totals.retrained > 0) text += fmt::format("; {} {}s trained twice", totals.retrained, context.unit);
    text += "\n";
    if (context.workers > 0 && context.seconds > 0) {
        text += fmt::format("worker utilisation: {:.1f} % of {} workers spent in training\n",
                            100 * totals.busy_seconds / (context.seconds * static_cast<double>(context.workers)),
                            context.workers);
    }
    return text;
}

std::string next_text(const Manager& manager, const ReportContext& context) {
    const auto& file = context.run_file;
    std::string text = fmt::format("run file: {}\nnext:\n", file);
    if (const auto best = manager.best()) {
        text += fmt::format("  stemma show {} {:<18} its learning curve and history\n", file, best->member.value);
        if (best->snapshot.exists())
            text += fmt::format("  stemma export {} {} --weights best.h5   its weights\n", file, best->member.value);
    }
    text += fmt::format("  stemma report {}                   a page to look at\n", file);
    text += fmt::format("  stemma export {} --csv tables/     everything as CSV\n", file);
    text += fmt::format("  stemma resume {} --help            go on with a larger budget\n", file);
    text += fmt::format("  stemma verify {}                   replay every decision\n", file);
    return text;
}

}  // namespace

std::string final_report(const Manager& manager, const ReportContext& context) {
    std::string text = fmt::format("{}{}\n\n", context.name, context.ended.empty() ? "" : ": " + context.ended);
    text += best_text(manager, context) + "\n";
    text += manager.scheduler().describe() + "\n";
    if (const auto rungs = manager.scheduler().rungs(); !context.lineage.empty()) {
        text += "\n" + context.lineage;
    } else if (!rungs.empty()) {
        text += rung_table(rungs, context.unit);
    }
    text += "\n" + work_text(manager, context);
    text += next_text(manager, context);
    return text;
}

}  // namespace stemma
