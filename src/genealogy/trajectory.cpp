#include "genealogy/trajectory.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace stemma {

namespace {

constexpr std::string_view prefix = "hyper_";

/// Used values and the norm. Raw values are in the file.
bool shown(std::string_view column) {
    if (column == "hypergradient_norm") return true;
    return column.starts_with(prefix) && !column.starts_with("hyper_raw_") && column != "hyper_step" &&
           column != "hyper_steps";
}

bool is_quantile(std::string_view column) { return column == "hyper_lr_low" || column == "hyper_lr_high"; }

std::string title(std::string_view column) {
    if (column == "hypergradient_norm") return "|hypergradient|";
    return std::string(column.substr(prefix.size()));
}

}  // namespace

TrajectoryBuilder::TrajectoryBuilder(const record::RunHeader& header) {
    for (const auto& metric : header.metrics) columns_.push_back(metric.name);
    step_ = static_cast<std::size_t>(std::find(columns_.begin(), columns_.end(), "hyper_step") - columns_.begin());
}

void TrajectoryBuilder::add(const record::Entry& entry) {
    if (!any()) return;
    if (const auto* report = std::get_if<input::Report>(&entry.input.body)) {
        const auto lease = leases_.find(report->lease);
        if (lease == leases_.end()) return;
        auto& points = points_[lease->second];
        for (const auto& row : report->rows) {
            if (row.values.size() != columns_.size() || !std::isfinite(row.values[step_])) continue;
            points[row.values[step_]] = {row.resource, row.values};
        }
    }
    for (const auto& effect : entry.effects) {
        if (const auto* assign = std::get_if<effect::Train>(&effect)) leases_[assign->lease] = assign->member;
    }
}

std::string TrajectoryBuilder::text(const Genealogy& genealogy, MemberId member, std::size_t points,
                                    const TextStyle& style) const {
    struct Row {
        MemberId member;
        const std::vector<double>* values;
    };
    std::vector<Row> path;
    for (const auto& stage : genealogy.lineage(member)) {
        const auto found = points_.find(stage.member);
        if (found == points_.end()) continue;
        for (const auto& [step, point] : found->second) {
            const bool within = point.resource > stage.from && point.resource <= stage.to;
            if (within && (path.empty() || step > (*path.back().values)[step_]))
                path.push_back({stage.member, &point.values});
        }
    }
    if (path.empty()) return {};
    // Quantiles of learning rates for each weight carry no information if one rate is used for all weights.
    const auto one_rate = [&](const Row& row) {
        const auto value = [&](std::string_view name) {
            const auto at = std::ranges::find(columns_, name) - columns_.begin();
            return at < std::ssize(columns_) ? (*row.values)[static_cast<std::size_t>(at)] : NAN;
        };
        return std::abs(value("hyper_lr_high") - value("hyper_lr_low")) <= 1e-6 * value("hyper_lr");
    };
    std::vector<std::size_t> columns;
    for (std::size_t column = 0; column < columns_.size(); ++column) {
        const auto same = [&](const Row& row) { return (*row.values)[column] == (*path[0].values)[column]; };
        const bool moved = !std::all_of(path.begin(), path.end(), same);
        if (moved && shown(columns_[column]) && !(is_quantile(columns_[column]) && std::ranges::all_of(path, one_rate)))
            columns.push_back(column);
    }
    std::vector<std::vector<std::string>> rows = {{"updates", "member"}};
    for (const auto column : columns) rows[0].push_back(title(columns_[column]));
    const auto stride = points == 0 ? 1 : (path.size() + points - 1) / points;
    for (auto i = (path.size() - 1) % stride; i < path.size(); i += stride) {
        const auto& values = *path[i].values;
        std::vector<std::string> row = {fmt::format("{:.0f}", values[step_]), std::to_string(path[i].member.value)};
        for (const auto column : columns) row.push_back(detail::metric_text(values[column]));
        rows.push_back(std::move(row));
    }
    const auto left_out = path.size() + 1 - rows.size();
    auto text = fmt::format("moved during training{}:\n",
                            left_out > 0 ? fmt::format(" ({} of {} points, --all)", rows.size() - 1, path.size()) : "");
    return text + detail::aligned(rows, std::vector<bool>(rows[0].size(), true), style);
}

}  // namespace stemma
