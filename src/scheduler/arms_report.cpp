// GPBT's arms: tables and words.
#include <algorithm>
#include <cmath>

#include "scheduler/arms.hpp"
#include "scheduler/arms_search.hpp"

namespace stemma {

namespace {

std::vector<RungRow> empty_rows(const GpbtBoundaries& boundaries, int bracket) {
    std::vector<RungRow> rows(boundaries.generations());
    for (std::size_t g = 0; g < rows.size(); ++g)
        rows[g] = {.bracket = bracket, .rung = static_cast<int>(g), .resource = boundaries.end(g)};
    return rows;
}

}  // namespace

std::vector<RungRow> Arms::rungs() const {
    std::vector<RungRow> all;
    for (std::size_t i = 0; i < arms_.size(); ++i) {
        auto rows = arms_[i].search ? arms_[i].search->rungs() : empty_rows(arms_[i].boundaries, 0);
        rows.front().entered = founders_->begun(i);
        rows.front().finished = founders_->ended(i);
        for (auto& row : rows) row.bracket = static_cast<int>(i);
        all.insert(all.end(), rows.begin(), rows.end());
    }
    for (const auto& row : earlier_) {
        const auto same = std::ranges::find_if(
            all, [&](const RungRow& one) { return one.bracket == row.bracket && one.rung == row.rung; });
        if (same == all.end()) continue;
        same->entered += row.entered;
        same->finished += row.finished;
        same->promoted += row.promoted;
    }
    return all;
}

std::vector<ArmRow> Arms::arms() const {
    std::vector<ArmRow> rows;
    for (std::size_t i = 0; i < arms_.size(); ++i) {
        const auto& arm = arms_[i];
        ArmRow row{.interval = arm.boundaries.end(0), .generations = arm.boundaries.generations()};
        if (const auto& closes = referee_->closes(i); !closes.empty()) {
            row.closed_at = closes.back().at;
            row.best = closes.back().member;
        }
        row.dead = arm.search && arm.search->dead() && !arm.verdict;
        if (arm.verdict) {
            row.stopped_by = static_cast<int>(arm.verdict->by);
            row.behind = arm.verdict->behind.member;
            row.ahead = arm.verdict->ahead.member;
            row.stopped_at = arm.verdict->ahead.at;
        }
        rows.push_back(row);
    }
    return rows;
}

std::size_t Arms::memory_bytes() const {
    std::size_t bytes = members_.capacity() * sizeof(Member);
    for (const auto& arm : arms_) {
        bytes += arm.members.capacity() * sizeof(MemberId);
        if (arm.search) bytes += arm.search->memory_bytes();
    }
    return bytes;
}

std::string Arms::describe() const {
    const auto several = plan_.ends.size() > 1;
    std::string text = several ? "GPBT: intervals of " : "GPBT: an interval of ";
    for (std::size_t i = 0; i < plan_.ends.size(); ++i) {
        if (i > 0) text += i + 1 == plan_.ends.size() ? " and " : ", ";
        text += std::to_string(plan_.ends[i]);
    }
    text += std::string(several ? " side by side" : "") + ", " + std::to_string(total()) + " in all, " +
            std::to_string(plan_.founders) + (plan_.founders == 1 ? " founder" : " founders");
    if (plan_.cut)
        text += "; " + std::to_string(settings_.children) +
                (settings_.children == 1 ? " child pays" : " children pay") + " for no more intervals";
    return text;
}

std::vector<RungRow> expected_arm_rungs(const GpbtSettings& settings) {
    const auto plan = plan_arms(settings);
    double cost = 0;
    for (std::size_t i = 0; i < plan.ends.size(); ++i)
        cost += arm_weight(i == 0, plan.ends.size()) * static_cast<double>(settings.max - plan.ends[i]);
    const auto left = static_cast<double>(plan.budget - plan.ends.back() * static_cast<Resource>(plan.founders));
    std::vector<RungRow> all;
    for (std::size_t i = 0; i < plan.parts.size(); ++i) {
        auto rows = empty_rows(GpbtBoundaries::divided(settings.max, plan.parts[i]), static_cast<int>(i));
        const double each = cost > 0 ? arm_weight(i == 0, plan.ends.size()) * left / cost : 0;
        for (auto& row : rows) {
            // Halves and thirds of a child add up over the generations.
            const auto born = [&](int rung) { return static_cast<std::uint64_t>(std::floor(each * rung)); };
            row.entered =
                row.rung == 0 ? plan.founders : std::max<std::uint64_t>(1, born(row.rung) - born(row.rung - 1));
        }
        for (std::size_t g = 0; g < rows.size(); ++g) {
            rows[g].finished = rows[g].entered;
            if (g + 1 == rows.size()) continue;
            const auto next = static_cast<std::uint32_t>(rows[g + 1].entered);
            rows[g].promoted = std::min<std::uint64_t>(gpbt_parents(settings, next), rows[g].entered);
        }
        all.insert(all.end(), rows.begin(), rows.end());
    }
    return all;
}

}  // namespace stemma
