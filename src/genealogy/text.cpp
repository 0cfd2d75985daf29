#include "genealogy/text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "core/printable.hpp"
#include "genealogy/tree_layout.hpp"

namespace stemma {

namespace detail {

namespace {

std::size_t columns(std::string_view text) {
    return static_cast<std::size_t>(std::count_if(
        text.begin(), text.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U; }));
}

std::string line_of(const std::vector<std::string>& row, const std::vector<std::size_t>& widths,
                    const std::vector<bool>& right) {
    if (row.size() == 1) return row[0];
    std::string line;
    for (std::size_t i = 0; i < row.size(); ++i) {
        const std::string padding(widths[i] - columns(row[i]), ' ');
        line += (i == 0 ? "" : "  ") + (right[i] ? padding + row[i] : row[i] + padding);
    }
    return line;
}

}  // namespace

std::string aligned(const std::vector<std::vector<std::string>>& rows, const std::vector<bool>& right,
                    const TextStyle& style) {
    std::vector<std::size_t> widths(right.size(), 0);
    for (const auto& row : rows) {
        for (std::size_t i = 0; row.size() > 1 && i < row.size(); ++i) {
            widths[i] = std::max(widths[i], columns(row[i]));
        }
    }
    const auto cut_from = style.lines > 0 && rows.size() > style.lines ? style.lines / 2 : rows.size();
    const auto cut_to = cut_from == rows.size() ? cut_from : rows.size() - (style.lines - cut_from);
    std::string text;
    bool cut = false;
    for (std::size_t i = 0; i < rows.size(); ++i) {
        if (i >= cut_from && i < cut_to) {
            if (i == cut_from) text += fmt::format("... {} lines more (--all)\n", cut_to - cut_from);
            continue;
        }
        auto line = line_of(rows[i], widths, right);
        line.erase(line.find_last_not_of(' ') + 1);
        if (columns(line) > static_cast<std::size_t>(style.width)) {
            // Marked as cut, so that the beginning of a number is not taken for the number.
            line = cut_to_width(line, style.width - 1) + (style.unicode ? "\u2026" : "~");
            cut = true;
        }
        text += line + "\n";
    }
    return text + (cut ? "lines are cut; --width 160 shows more\n" : "");
}

std::string metric_text(double metric) { return std::isnan(metric) ? "-" : fmt::format("{:.4g}", metric); }

std::string birth_text(const Relative& member) {
    std::string text(cause_text(member.cause));
    if (member.donor.exists()) text += fmt::format(", donor {}", member.donor.value);
    return text;
}

}  // namespace detail

namespace {

using Rows = std::vector<std::vector<std::string>>;

const std::vector<bool> right_of_members = {false, false, true, true, false};

std::vector<std::string> head(const GenealogyNames& names) {
    return {"member", "born by", names.unit + "s", names.metric, "hyperparameters"};
}

/// The metric of the last report. For the best member the report that made it the best, which later training may have
/// lost.
std::string result_text(const Genealogy& genealogy, MemberId id) {
    const auto& member = genealogy[id];
    if (id != genealogy.best()) return detail::metric_text(member.metric());
    const auto& best = genealogy.best_report();
    const auto text = detail::metric_text(best.metric);
    return best.resource == member.reached() ? text : fmt::format("{} at {}", text, best.resource);
}

std::vector<std::string> member_row(const Genealogy& genealogy, MemberId id, const std::string& art,
                                    const GenealogyNames& names) {
    const auto& member = genealogy[id];
    return {fmt::format("{}{}", art, id.value), detail::birth_text(member),
            fmt::format("{}-{}", member.from, member.reached()), result_text(genealogy, id),
            names.space->describe(member.configuration)};
}

std::string count(std::uint64_t n, std::string_view what) { return fmt::format("{} {}{}", n, what, n == 1 ? "" : "s"); }

std::string summary(const Genealogy& genealogy, const GenealogyNames& names) {
    auto text = fmt::format("{}: {} from {}", names.run, count(genealogy.size(), "member"),
                            count(genealogy.roots().size(), "root"));
    if (const auto best = genealogy.best(); best.exists()) text += fmt::format("; best member {}", best.value);
    return text + "\n";
}

/// The best relatives that fit into a line: "beside it: 4 (0.31), 7 (0.35), 12 more".
std::string relatives_line(const Genealogy& genealogy, const std::string& start, std::span<const MemberId> all,
                           MemberId but, int width) {
    constexpr std::size_t most = 20;
    std::vector<MemberId> others;
    for (const auto one : all) {
        if (one != but) others.push_back(one);
    }
    if (others.empty()) return {};
    const auto few = std::min(most, others.size());
    std::partial_sort(others.begin(), others.begin() + static_cast<std::ptrdiff_t>(few), others.end(),
                      [&](MemberId a, MemberId b) {
                          const auto of_a = genealogy[a].metric(), of_b = genealogy[b].metric();
                          if (genealogy.better(of_a, of_b)) return true;
                          return !genealogy.better(of_b, of_a) && a < b;
                      });
    std::string line = start;
    std::size_t said = 0;
    for (; said < few; ++said) {
        const auto next = fmt::format("{}{} ({})", said == 0 ? " " : ", ", others[said].value,
                                      detail::metric_text(genealogy[others[said]].metric()));
        const auto rest = said + 1 < others.size() ? fmt::format(", {} more", others.size() - said - 1) : "";
        if (said > 0 &&
            detail::columns(line) + detail::columns(next) + detail::columns(rest) > static_cast<std::size_t>(width))
            break;
        line += next;
    }
    if (said < others.size()) line += fmt::format(", {} more", others.size() - said);
    return line;
}

}  // namespace

std::string forest_text(const Genealogy& genealogy, const GenealogyNames& names, const TextStyle& style) {
    Rows rows = {head(names)};
    for (const auto& line : layout_forest(genealogy, style.lines, style.unicode)) {
        if (line.member.exists()) {
            rows.push_back(member_row(genealogy, line.member, line.art, names));
        } else {
            const auto below = line.descendants > 0 ? " with " + count(line.descendants, "descendant") : "";
            rows.push_back({fmt::format("{}... {} more{}", line.art, line.left_out, below)});
        }
    }
    auto within = style;
    if (within.lines > 0) within.lines += 2;  // the heads
    return summary(genealogy, names) + detail::aligned(rows, right_of_members, within);
}

std::string path_text(const Genealogy& genealogy, MemberId member, const GenealogyNames& names,
                      const TextStyle& style) {
    const std::string node = style.unicode ? "● " : "o ";
    const std::string best = style.unicode ? "★ " : "* ";
    const std::string bar = style.unicode ? "│ " : "| ";
    Rows rows = {head(names)};
    for (const auto one : genealogy.path(member)) {
        rows.push_back(member_row(genealogy, one, one == genealogy.best() ? best : node, names));
        const auto parent = genealogy[one].parent;
        const auto siblings = parent.exists() ? genealogy.children(parent) : genealogy.roots();
        const auto start = (one == member ? "  " : bar) + (parent.exists() ? "  beside it:" : "  other roots:");
        if (auto line = relatives_line(genealogy, start, siblings, one, style.width); !line.empty())
            rows.push_back({std::move(line)});
    }
    if (auto line = relatives_line(genealogy, "    children:", genealogy.children(member), {}, style.width);
        !line.empty())
        rows.push_back({std::move(line)});
    return summary(genealogy, names) + detail::aligned(rows, right_of_members, style);
}

}  // namespace stemma
