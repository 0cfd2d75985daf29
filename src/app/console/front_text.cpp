#include "app/console/front_text.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "app/console/format.hpp"
#include "outcome/fronts.hpp"
#include "outcome/hypervolume.hpp"

namespace stemma {

namespace {

/// "valid_loss 0.61, latency 41.6", as the job measures them.
std::string reference_text(const Objectives& reference, const std::vector<ObjectiveSettings>& objectives,
                           const std::vector<MetricInfo>& metrics) {
    std::string text;
    for (std::size_t d = 0; d < objectives.size(); ++d) {
        const double value = objectives[d].maximize ? -reference[d] : reference[d];
        text += fmt::format("{}{} {}", d == 0 ? "" : ", ", metrics[objectives[d].metric].name, metric_text(value));
    }
    return text;
}

}  // namespace

std::string front_text(const Manager& manager, const std::vector<MetricInfo>& metrics, const std::string& unit,
                       std::size_t rows, bool configurations) {
    const auto objectives = manager.objectives();
    if (objectives.size() == 1) return "";
    const auto front = manager.front();
    if (front.empty()) return "the front is empty: no report is finite in all metrics yet\n";
    std::vector<Objectives> points;
    for (const auto& entry : front) points.push_back(entry.objectives);
    const auto reference = reference_of(points);
    std::string text = fmt::format("front: {} of {} results\n", front.size(), front.size() + manager.dominated());
    text += fmt::format("  hypervolume {} up to {} (comparable inside this run only)\n",
                        metric_text(hypervolume(points, reference)), reference_text(reference, objectives, metrics));
    text += fmt::format("  knee: member {}\n", front[knee_of(points)].member.value);
    std::vector<std::string> head{"member", unit + "s"};
    for (const auto& objective : objectives) head.push_back(metrics[objective.metric].name);
    if (configurations) head.emplace_back("configuration");
    std::vector<std::vector<std::string>> table;
    for (const auto& entry : front.first(std::min(rows, front.size()))) {
        auto& row = table.emplace_back();
        row = {std::to_string(entry.member.value), std::to_string(entry.resource)};
        for (const auto& objective : objectives) row.push_back(metric_text(entry.metrics[objective.metric]));
        if (configurations) row.push_back(manager.space().describe(manager.member(entry.member).configuration));
    }
    text += table_text(head, table);
    if (front.size() > rows) text += fmt::format("and {} more\n", front.size() - rows);
    return text;
}

}  // namespace stemma
