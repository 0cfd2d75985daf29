#include "app/commands/log_report.hpp"

#include <fmt/format.h>

#include <optional>

#include "app/commands/recorded_run.hpp"
#include "app/console/format.hpp"
#include "core/printable.hpp"
#include "genealogy/genealogy.hpp"

namespace stemma {

namespace {

/// Counts that need no decision.
struct Counts {
    std::uint64_t reports = 0;
    double seconds = 0;
    std::optional<EndReason> ended;

    void add(const record::Entry& entry) {
        seconds = entry.input.time;
        if (std::holds_alternative<input::IncarnationStarted>(entry.input.body)) ended.reset();
        if (std::holds_alternative<input::Report>(entry.input.body)) ++reports;
        for (const auto& effect : entry.effects) {
            if (const auto* end = std::get_if<effect::Ended>(&effect)) ended = end->reason;
        }
    }
};

std::string best_text(const Genealogy& genealogy, const record::RunHeader& header, const SearchSpace& space) {
    const auto best = genealogy.best();
    if (!best.exists()) return fmt::format("no member has a finite {} yet\n", printable_line(header.metric));
    const auto& report = genealogy.best_report();
    return fmt::format("best member: {} after {}\n  configuration  {}\n  {:<14} {}\n", best.value,
                       units_text(report.resource, header.unit), space.describe(genealogy[best].configuration),
                       printable_line(header.metric), metric_text(report.metric));
}

}  // namespace

std::string log_report(const std::filesystem::path& file) {
    record::RunFileReader reader(file);
    const auto& header = reader.header();
    const auto job = open_job(header, file);
    GenealogyBuilder builder(header);
    Counts counts;
    reader.entries([&](const record::Entry& entry) {
        builder.add(entry);
        counts.add(entry);
    });
    const auto genealogy = builder.take();
    auto text = printable_line(header.name);
    if (counts.ended) text += fmt::format(": ended, {}", reason_text(*counts.ended));
    text += "\n\n" + best_text(genealogy, header, *job.space);
    text +=
        fmt::format("\n{} members, {} reports in {}\n", genealogy.size(), counts.reports, clock_text(counts.seconds));
    text += fmt::format(
        "decided by rules {}, this program has rules {}: it shows what the record holds (show, report, export, "
        "lineage, "
        "schedule), but no rungs, and does not go on with it. Stemma {} does\n",
        header.rules, rules_version, header.program_version);
    return text;
}

}  // namespace stemma
