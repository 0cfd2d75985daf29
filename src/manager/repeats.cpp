#include "manager/repeats.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

namespace stemma {

MeanAndSpread mean_and_spread(std::span<const double> values) {
    const auto count = static_cast<double>(values.size());
    const auto finite = [](double value) { return std::isfinite(value); };
    if (values.empty() || !std::all_of(values.begin(), values.end(), finite)) {
        return {std::numeric_limits<double>::quiet_NaN(), std::numeric_limits<double>::quiet_NaN()};
    }
    double sum = 0;
    double parts = 0;  // if the sum overflows a double, its parts are large enough to be divided before
    double largest = 0;
    for (const double value : values) {
        sum += value;
        parts += value / count;
        largest = std::max(largest, std::abs(value));
    }
    const double mean = std::isfinite(sum) ? sum / count : parts;
    if (values.size() == 1 || largest == 0) return {mean, 0};
    double squares = 0;
    for (const double value : values) squares += std::pow(value / largest - mean / largest, 2);
    return {mean, largest * std::sqrt(squares / (count - 1))};
}

std::optional<ConfigurationResult> RepeatLedger::reported(MemberId member, Resource resource, double objective,
                                                          std::span<const double> metrics) {
    if (repeats_ == 1) {
        if (!std::isfinite(objective)) return std::nullopt;
        return ConfigurationResult{member, resource, {metrics.begin(), metrics.end()}, {}};
    }
    const auto repeat = first_of_.find(member);
    const std::pair key(repeat == first_of_.end() ? member : repeat->second, resource);
    auto& reports = open_[key];
    std::erase_if(reports, [&](const Report& before) { return before.member == member; });  // trained again
    reports.push_back({member, objective, {metrics.begin(), metrics.end()}});
    if (reports.size() < repeats_) return std::nullopt;
    const auto all = std::move(open_.extract(key).mapped());
    const auto diverged = [](const Report& one) { return !std::isfinite(one.objective); };
    if (std::any_of(all.begin(), all.end(), diverged)) return std::nullopt;
    const auto best = std::min_element(all.begin(), all.end(), [](const Report& a, const Report& b) {
        return std::pair(a.objective, a.member) < std::pair(b.objective, b.member);
    });
    ConfigurationResult result{best->member, resource, {}, {}};
    std::vector<double> values(all.size());
    for (std::size_t metric = 0; metric < metrics.size(); ++metric) {
        std::transform(all.begin(), all.end(), values.begin(), [&](const Report& one) { return one.metrics[metric]; });
        const auto [mean, spread] = mean_and_spread(values);
        result.means.push_back(mean);
        result.spreads.push_back(spread);
    }
    return result;
}

}  // namespace stemma
