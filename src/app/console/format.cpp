#include "app/console/format.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <ctime>

#include "core/printable.hpp"

namespace stemma {

std::string clock_text(double seconds) {
    const auto whole = static_cast<std::uint64_t>(std::max(0.0, seconds));
    if (whole < 3600) return fmt::format("{}:{:02}", whole / 60, whole % 60);
    return fmt::format("{}:{:02}:{:02}", whole / 3600, whole / 60 % 60, whole % 60);
}

std::string date_text(double unix_seconds) {
    const auto seconds = static_cast<std::time_t>(unix_seconds);
    std::tm parts{};
    ::localtime_r(&seconds, &parts);
    std::array<char, 32> text{};
    return {text.data(), std::strftime(text.data(), text.size(), "%Y-%m-%d %H:%M", &parts)};
}

std::string bytes_text(std::uint64_t bytes) {
    constexpr std::array units = {"B", "KiB", "MiB", "GiB", "TiB", "PiB"};
    auto value = static_cast<double>(bytes);
    std::size_t unit = 0;
    while (value >= 1024 && unit + 1 < units.size()) {
        value /= 1024;
        ++unit;
    }
    return unit == 0 ? fmt::format("{} B", bytes) : fmt::format("{:.{}f} {}", value, value < 10 ? 1 : 0, units[unit]);
}

std::string units_text(Resource amount, std::string_view unit) {
    return fmt::format("{} {}{}", amount, unit, amount == 1 ? "" : "s");
}

std::string metric_text(double value) { return fmt::format("{:.6g}", value); }

std::string failure_text(const input::Failure& failure) {
    return fmt::format("{} {}: {}", name_of(failure.kind), printable_line(failure.type),
                       indented(excerpt(failure.message)));
}

std::string excerpt(std::string_view message) {
    constexpr std::size_t head_max = 300, tail_max = 900;
    if (message.size() <= head_max + tail_max) return std::string(message);
    const auto line_end = message.find('\n');
    auto head = message.substr(0, std::min(line_end, head_max));
    auto tail = message.substr(message.size() - tail_max);
    const auto next_line = tail.find('\n');
    if (next_line != std::string_view::npos && next_line + 1 < tail.size()) tail.remove_prefix(next_line + 1);
    const auto continues = [](char byte) { return (static_cast<unsigned char>(byte) & 0xC0U) == 0x80U; };
    while (!tail.empty() && continues(tail.front())) tail.remove_prefix(1);
    while (!head.empty() && continues(message[head.size()])) head.remove_suffix(1);
    return fmt::format("{}\n[...]\n{}", head, tail);
}

std::string indented(std::string_view text) {
    std::string out;
    for (const char c : text) out += c == '\n' ? std::string("\n      ") : std::string(1, c);
    return out;
}

std::string members_text(const std::vector<MemberId>& members) {
    constexpr std::size_t shown_max = 10;
    std::string text;
    for (std::size_t i = 0; i < std::min(shown_max, members.size()); ++i) {
        text += fmt::format("{}{}", i == 0 ? "" : ", ", members[i].value);
    }
    if (members.size() > shown_max) text += fmt::format(" and {} more", members.size() - shown_max);
    return text;
}

std::string_view reason_text(EndReason reason) {
    switch (reason) {
        case EndReason::exhausted:
            return "nothing is left to try";
        case EndReason::budget_members:
            return "the members budget is used up";
        case EndReason::budget_reports:
            return "the reports budget is used up";
        case EndReason::budget_resource:
            return "the training budget is used up";
        case EndReason::budget_seconds:
            return "the wall time is used up";
        case EndReason::target:
            return "the target is reached";
        case EndReason::stopped:
            return "it was asked to stop";
        case EndReason::repeated_failure:
            return "the same error came from several members in a row";
        case EndReason::no_workers:
            return "no worker is left";
    }
    return "?";
}

std::string reason_text(EndReason reason, const Manager& manager) {
    const auto configurations = manager.sampler().used_up();
    if (reason != EndReason::exhausted || !configurations) return std::string(reason_text(reason));
    return fmt::format("nothing is left to try: the space has {}",
                       *configurations == 1
                           ? "1 configuration, which has been tried"
                           : fmt::format("{} configurations, and all have been tried", *configurations));
}

std::string table_text(const std::vector<std::string>& head, const std::vector<std::vector<std::string>>& rows) {
    std::vector<std::size_t> width(head.size());
    const auto measure = [&](const std::vector<std::string>& row) {
        // A row of one cell is a remark.
        for (std::size_t i = 0; i < row.size() && row.size() > 1; ++i) width[i] = std::max(width[i], row[i].size());
    };
    measure(head);
    for (const auto& row : rows) measure(row);
    std::string text;
    const auto add = [&](const std::vector<std::string>& row) {
        std::string line;
        for (std::size_t i = 0; i < row.size(); ++i) {
            line += i == 0 ? fmt::format("  {:<{}}", row[i], width[i]) : fmt::format("  {:>{}}", row[i], width[i]);
        }
        text += line.erase(line.find_last_not_of(' ') + 1) + "\n";
    };
    add(head);
    for (const auto& row : rows) add(row);
    return text;
}

std::string rung_table(const std::vector<RungRow>& rungs, std::string_view unit) {
    const bool brackets = std::any_of(rungs.begin(), rungs.end(), [](const auto& row) { return row.bracket > 0; });
    // Of very many rows (the generations of a long population) only the first and the last are shown.
    constexpr std::size_t shown_max = 40;
    constexpr std::size_t last_shown = 5;
    const bool all = rungs.size() <= shown_max;
    std::vector<std::vector<std::string>> rows;
    for (std::size_t i = 0; i < rungs.size(); ++i) {
        if (!all && i == shown_max - last_shown) {
            i = rungs.size() - last_shown;
            rows.push_back({fmt::format("... {} more", rungs.size() - shown_max)});
        }
        const auto& row = rungs[i];
        std::vector<std::string> cells;
        if (brackets) cells.push_back(std::to_string(row.bracket));
        cells.insert(cells.end(), {std::to_string(row.rung), std::to_string(row.resource), std::to_string(row.entered),
                                   std::to_string(row.finished), std::to_string(row.promoted)});
        rows.push_back(std::move(cells));
    }
    std::vector<std::string> head = {"rung", fmt::format("{}s", unit), "entered", "finished", "promoted"};
    if (brackets) head.insert(head.begin(), "bracket");
    return table_text(head, rows);
}

}  // namespace stemma
