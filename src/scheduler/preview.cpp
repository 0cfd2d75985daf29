#include "scheduler/preview.hpp"

#include <algorithm>
#include <cmath>

#include "core/error.hpp"
#include "scheduler/rungs.hpp"

namespace stemma {

namespace {

/// Adds `times` brackets of `members` members to the rows of that number, with at least `least` in each rung.
void add_bracket(std::vector<RungRow>& rows, int bracket, const std::vector<Resource>& resources, std::int64_t eta,
                 std::uint64_t members, std::uint64_t times, std::uint64_t least) {
    std::uint64_t share = members;
    if (members == 0) least = 0;
    for (std::size_t k = 0; k < resources.size(); ++k) {
        share /= static_cast<std::uint64_t>(eta);
        const auto next = k + 1 < resources.size() ? std::max(share, least) : 0;
        auto row = std::find_if(rows.begin(), rows.end(), [&](const RungRow& known) {
            return known.bracket == bracket && known.rung == static_cast<int>(k);
        });
        if (row == rows.end()) row = rows.insert(rows.end(), {bracket, static_cast<int>(k), resources[k], 0, 0, 0});
        row->entered += members * times;
        row->finished += members * times;
        row->promoted += next * times;
        members = next;
    }
}

}  // namespace

std::vector<RungRow> expected_rungs(const AshaSettings& settings, std::uint64_t members) {
    std::vector<RungRow> rows;
    int number = 0;
    for (const auto& plan : bracket_plans(settings)) {
        const auto drawn = static_cast<std::uint64_t>(std::llround(static_cast<double>(members) * plan.share));
        add_bracket(rows, number++, plan.resources, settings.eta, drawn, 1, 0);
    }
    return rows;
}

std::vector<RungRow> expected_rungs(const ShaSettings& settings, std::uint64_t members) {
    ensure(settings.members > 0, "SHA's settings were checked");
    const auto resources = halving_resources(settings.min, settings.max, settings.eta, settings.early_stopping_rate);
    std::vector<RungRow> rows;
    const auto whole =
        settings.repeat_brackets ? members / settings.members : std::uint64_t{members >= settings.members};
    add_bracket(rows, 0, resources, settings.eta, settings.members, whole, 1);
    // What is left over is a smaller bracket of its own.
    if (settings.repeat_brackets || whole == 0)
        add_bracket(rows, 0, resources, settings.eta, members - whole * settings.members, 1, 1);
    return rows;
}

std::vector<RungRow> expected_rungs(const HyperbandSettings& settings, std::uint64_t members) {
    const int count = hyperband_brackets(settings);
    std::vector<std::uint64_t> sizes;
    std::uint64_t cycle = 0;
    for (int b = 0; b < count; ++b) cycle += sizes.emplace_back(hyperband_members(settings, b));
    const std::uint64_t cycles = settings.repeat ? members / cycle : std::uint64_t{members >= cycle};
    auto left = settings.repeat || cycles == 0 ? members - cycles * cycle : 0;
    std::vector<RungRow> rows;
    for (int b = 0; b < count; ++b) {
        const auto resources = halving_resources(settings.min, settings.max, settings.eta, b);
        const auto size = sizes[static_cast<std::size_t>(b)];
        add_bracket(rows, b, resources, settings.eta, size, cycles, 1);
        const auto last = std::min(left, size);  // of the cycle that the members do not fill
        add_bracket(rows, b, resources, settings.eta, last, 1, 1);
        left -= last;
    }
    return rows;
}

std::vector<RungRow> expected_rungs(const RandomSearchSettings& settings, std::uint64_t members) {
    return {{0, 0, settings.max, members, members, 0}};
}

std::vector<RungRow> expected_rungs(const PbtSettings& settings, std::uint64_t) {
    return {{0, 0, settings.max, settings.population, settings.population, 0}};
}

std::uint64_t expected_reports(const PbtSettings& settings) {
    std::uint64_t reports = 0;
    for (std::size_t slot = 0; slot < settings.population; ++slot) {
        const auto step = settings.interval * settings.periods[pbt_group(settings, slot)];
        reports += static_cast<std::uint64_t>((settings.max + step - 1) / step);
    }
    return reports;
}

std::uint64_t most_reports(const PbtSettings& settings) {
    const auto reports = static_cast<double>(expected_reports(settings));
    return static_cast<std::uint64_t>(pbt_reports_max_with_deaths * reports);
}

std::vector<RungRow> expected_rungs(const GpbtSettings& settings, std::uint64_t) {
    std::vector<RungRow> rows;
    const auto parents = std::min(gpbt_parents(settings), settings.children);
    for (std::uint32_t g = 0; g < settings.generations; ++g) {
        const auto members = g == 0 ? gpbt_founders(settings) : settings.children;
        rows.push_back({0, static_cast<int>(g), gpbt_trained_from(settings, settings.interval * g), members, members,
                        g + 1 < settings.generations ? parents : 0});
    }
    return rows;
}

std::vector<RungRow> expected_rungs(const ReplaySettings& settings, std::uint64_t) {
    std::vector<RungRow> rows;
    for (std::size_t stage = 0; stage < settings.ends.size(); ++stage) {
        const std::uint64_t goes_on = stage + 1 < settings.ends.size() ? 1 : 0;
        rows.push_back({0, static_cast<int>(stage), settings.ends[stage], 1, 1, goes_on});
    }
    return rows;
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
