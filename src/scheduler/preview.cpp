#include "scheduler/preview.hpp"

#include <algorithm>

#include "scheduler/rungs.hpp"

namespace stemma {

namespace {

void add_bracket(std::vector<RungRow>& rows, int bracket, const std::vector<Resource>& resources, std::int64_t eta,
                 std::uint64_t members) {
    for (std::size_t k = 0; k < resources.size(); ++k) {
        const auto next = k + 1 < resources.size() ? members / static_cast<std::uint64_t>(eta) : 0;
        rows.push_back({bracket, static_cast<int>(k), resources[k], members, members, next});
        members = next;
    }
}

}  // namespace

std::vector<RungRow> expected_rungs(const AshaSettings& settings, std::uint64_t members) {
    const int most = bracket_count(settings.min, settings.max, settings.eta) - settings.early_stopping_rate;
    const int count = std::clamp(settings.brackets, 1, std::max(1, most));
    std::vector<std::vector<Resource>> ladders;
    double total = 0;
    const auto share = [](const auto& ladder) {
        return 1.0 / (static_cast<double>(ladder.front()) * static_cast<double>(ladder.size()));
    };
    for (int b = 0; b < count; ++b) {
        ladders.push_back(rung_resources(settings.min, settings.max, settings.eta, settings.early_stopping_rate + b));
        total += share(ladders.back());
    }
    std::vector<RungRow> rows;
    for (int b = 0; b < count; ++b) {
        const auto& ladder = ladders[static_cast<std::size_t>(b)];
        add_bracket(rows, b, ladder, settings.eta, static_cast<std::uint64_t>(static_cast<double>(members) * share(ladder) / total + 0.5));
    }
    return rows;
}

std::vector<RungRow> expected_rungs(const ShaSettings& settings, std::uint64_t members) {
    std::vector<RungRow> rows;
    const auto in_bracket = settings.repeat_brackets ? settings.members : std::min(members, settings.members);
    add_bracket(rows, 0, rung_resources(settings.min, settings.max, settings.eta, settings.early_stopping_rate), settings.eta, in_bracket);
    if (!settings.repeat_brackets || in_bracket == 0) return rows;
    const auto times = std::max<std::uint64_t>(1, members / in_bracket);
    for (auto& row : rows) {
        row.entered *= times;
        row.finished *= times;
        row.promoted *= times;
    }
    return rows;
}

std::vector<RungRow> expected_rungs(const HyperbandSettings& settings, std::uint64_t members) {
    const int all = bracket_count(settings.min, settings.max, settings.eta);
    const int count = settings.brackets > 0 ? std::min(settings.brackets, all) : all;
    std::vector<RungRow> rows;
    // Brackets in their order, as often as the members last; what a table row sums is the bracket's number.
    std::vector<std::uint64_t> born(static_cast<std::size_t>(count), 0);
    std::vector<std::uint64_t> times(static_cast<std::size_t>(count), 0);
    for (std::uint64_t number = 0, left = members; left > 0; ++number) {
        if (number >= static_cast<std::uint64_t>(count) && !settings.repeat) break;
        const auto b = number % static_cast<std::uint64_t>(count);
        const auto size = std::min(left, hyperband_members(settings, static_cast<int>(b)));
        born[b] += size;
        ++times[b];
        left -= size;
    }
    for (int b = 0; b < count; ++b) {
        const auto index = static_cast<std::size_t>(b);
        if (times[index] == 0) continue;
        std::vector<RungRow> bracket;
        add_bracket(bracket, b, rung_resources(settings.min, settings.max, settings.eta, b), settings.eta, born[index] / times[index]);
        for (auto& row : bracket) {
            row.entered *= times[index];
            row.finished *= times[index];
            row.promoted *= times[index];
            rows.push_back(row);
        }
    }
    return rows;
}

std::vector<RungRow> expected_rungs(const RandomSearchSettings& settings, std::uint64_t members) {
    return {{0, 0, settings.max, members, members, 0}};
}

Resource expected_resource(const std::vector<RungRow>& rungs) {
    Resource sum = 0;
    Resource below = 0;
    for (const auto& row : rungs) {
        if (row.rung == 0) below = 0;
        sum += static_cast<Resource>(row.entered) * (row.resource - below);
        below = row.resource;
    }
    return sum;
}

}  // namespace stemma
