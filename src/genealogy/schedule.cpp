#include "genealogy/schedule.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "core/printable.hpp"
#include "space/toml.hpp"

namespace stemma {

namespace {

std::string short_text(const std::optional<Literal>& literal) {
    if (!literal) return "-";
    const auto* real = std::get_if<double>(&*literal);
    return real ? fmt::format("{:.4g}", *real) : to_string(*literal);
}

/// The members of a lineage from `first` to `last`.
std::string members_text(MemberId first, MemberId last) {
    return first == last ? std::to_string(first.value) : fmt::format("{}..{}", first.value, last.value);
}

}  // namespace

std::string schedule_text(const Genealogy& genealogy, MemberId member, const GenealogyNames& names,
                          const TextStyle& style) {
    const auto& space = *names.space;
    const auto stages = genealogy.lineage(member);
    if (stages.empty()) return fmt::format("member {} has not been trained yet\n", member.value);
    const auto value = [&](const Stage& stage, std::size_t p) { return genealogy[stage.member].configuration[p]; };
    const auto same = [&](const Stage& a, const Stage& b) {
        return genealogy[a.member].configuration == genealogy[b.member].configuration;
    };
    std::vector<std::size_t> changing;
    std::string constant, moved;
    for (std::size_t p = 0; p < space.size(); ++p) {
        if (std::any_of(stages.begin(), stages.end(),
                        [&](const Stage& stage) { return value(stage, p) != value(stages[0], p); })) {
            changing.push_back(p);
        } else if (const auto literal = space.literal(p, value(stages[0], p))) {
            (moves_in_training(space[p].role) ? moved : constant) +=
                fmt::format(" {}={}", space[p].name, short_text(literal));
        }
    }
    std::vector<std::string> head = {"from", "to", "member", "born by", names.metric};
    for (const auto p : changing)
        head.push_back((moves_in_training(space[p].role) ? "start of " : "") + space[p].name + " ");
    std::vector<std::vector<std::string>> rows = {std::move(head)};
    for (std::size_t first = 0, last = 0; first < stages.size(); first = ++last) {
        while (last + 1 < stages.size() && same(stages[last + 1], stages[first])) ++last;
        std::vector<std::string> row = {std::to_string(stages[first].from), std::to_string(stages[last].to),
                                        members_text(stages[first].member, stages[last].member),
                                        detail::birth_text(genealogy[stages[first].member]),
                                        detail::metric_text(stages[last].metric)};
        for (const auto p : changing) {
            const bool changed = first > 0 && value(stages[first], p) != value(stages[first - 1], p);
            row.push_back(short_text(space.literal(p, value(stages[first], p))) + (changed ? "*" : " "));
        }
        rows.push_back(std::move(row));
    }
    std::vector<bool> right(rows[0].size(), true);
    right[3] = false;
    auto text = fmt::format("{}: member {}, {} {}s in {} stage{}; * differs from the stage before\n", names.run,
                            member.value, stages.back().to, names.unit, stages.size(), stages.size() == 1 ? "" : "s");
    text += detail::aligned(rows, right, style);
    if (!constant.empty()) text += "the same throughout:" + constant + "\n";
    if (!moved.empty()) text += "moved in training, one start:" + moved + "\n";
    return text;
}

std::string schedule_toml(const Genealogy& genealogy, MemberId member, const GenealogyNames& names,
                          const SchedulerValues& values) {
    const auto& space = *names.space;
    const auto keys = schedule_keys(space);
    auto text = fmt::format(
        "# The schedule of member {} of {}. In the job file, in place of [scheduler] and [sampler], it trains that\n"
        "# lineage again from scratch.\n[scheduler]\ntype = \"schedule\"\n",
        member.value, printable_line(names.run));
    for (const auto& [key, value] : values) text += fmt::format("{} = {}\n", key, toml_value(value));
    for (const auto& stage : genealogy.lineage(member)) {
        const auto& one = genealogy[stage.member];
        text += fmt::format("\n[[schedule]]  # member {}, {}", stage.member.value, detail::birth_text(one));
        if (!std::isnan(stage.metric))
            text += fmt::format("; {} {} at its end", printable_line(names.metric), detail::metric_text(stage.metric));
        text += fmt::format("\nto = {}\n", stage.to);
        for (std::size_t p = 0; p < space.size(); ++p) {
            if (const auto literal = space.literal(p, one.configuration[p]))
                text += fmt::format("{} = {}\n", toml_key(keys[p]), toml_value(*literal));
        }
    }
    return text;
}

}  // namespace stemma
