// Commands that look at a genealogy: lineage and schedule. They read the record as it is, without recomputing
// decisions, so that a large run is shown at once.
#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <cstdio>

#include "app/commands/member_names.hpp"
#include "app/commands/recorded_run.hpp"
#include "app/console/print.hpp"
#include "app/job/presets.hpp"
#include "core/printable.hpp"
#include "genealogy/schedule.hpp"
#include "genealogy/selection_noise.hpp"
#include "genealogy/trajectory.hpp"
#include "platform/terminal.hpp"

namespace stemma {

namespace {

struct OpenedGenealogy {
    std::filesystem::path file;
    Job job;
    GenealogyNames names;
    Genealogy genealogy;
};

OpenedGenealogy open_genealogy(const std::filesystem::path& file) {
    record::RunFileReader reader(file);
    const auto& header = reader.header();
    auto job = open_job(header, file);
    GenealogyNames names{printable_line(header.name), printable_line(header.metric), printable_line(header.unit),
                         job.space.get()};
    return {file, std::move(job), std::move(names), read_genealogy(reader)};
}

/// The C library's choice: by the first of these variables that is set.
bool utf8_locale(const Environment& environment) {
    for (const auto* name : {"LC_ALL", "LC_CTYPE", "LANG"}) {
        const auto found = environment.find(name);
        if (found == environment.end() || found->second.empty()) continue;
        auto value = found->second;
        std::transform(value.begin(), value.end(), value.begin(), [](unsigned char c) { return std::tolower(c); });
        return value.find("utf-8") != std::string::npos || value.find("utf8") != std::string::npos;
    }
    return false;
}

TextStyle style_of(const LineageOptions& options) {
    const auto environment = read_environment();
    TextStyle style;
    style.width = options.width > 0 ? options.width : terminal_of(1, environment).width;
    style.unicode = utf8_locale(environment);
    if (options.all) style.lines = 0;
    return style;
}

/// The moved values inside the members of the lineage; empty for most runs.
std::string trajectory_of(const OpenedGenealogy& opened, MemberId member, const LineageOptions& options) {
    record::RunFileReader reader(opened.file);
    TrajectoryBuilder builder(reader.header());
    if (!builder.any()) return {};
    reader.entries([&](const record::Entry& entry) { builder.add(entry); });
    constexpr std::size_t points = 20;
    return builder.text(opened.genealogy, member, options.all ? 0 : points, style_of(options));
}

}  // namespace

ExitCode lineage(const std::filesystem::path& file, const LineageOptions& options) {
    const auto opened = open_genealogy(file);
    const auto style = style_of(options);
    print(options.member.empty() ? forest_text(opened.genealogy, opened.names, style)
                                 : path_text(opened.genealogy, member_called(opened.genealogy, file, options.member),
                                             opened.names, style));
    return ExitCode::ok;
}

ExitCode schedule(const std::filesystem::path& file, const LineageOptions& options) {
    auto opened = open_genealogy(file);
    const bool best = options.member.empty() || options.member == "best";
    const auto member = member_called(opened.genealogy, file, best ? "best" : options.member);
    if (best) opened.genealogy.end_at_best();
    const auto text = options.toml
                          ? schedule_toml(opened.genealogy, member, opened.names, schedule_values(opened.job.trainer))
                          : schedule_text(opened.genealogy, member, opened.names, style_of(options)) +
                                trajectory_of(opened, member, options);
    print(text);
    return ExitCode::ok;
}

PopulationTexts population_texts(const std::filesystem::path& file) {
    auto opened = open_genealogy(file);
    PopulationTexts texts{.lineage = {}, .selection = selection_noise_text(opened.genealogy, opened.names.metric)};
    const auto best = opened.genealogy.best();
    if (!best.exists() || !opened.genealogy[best].heir()) return texts;
    const auto style = style_of({});
    texts.lineage = path_text(opened.genealogy, best, opened.names, style) + "\n";
    opened.genealogy.end_at_best();
    texts.lineage += schedule_text(opened.genealogy, best, opened.names, style);
    return texts;
}

}  // namespace stemma
