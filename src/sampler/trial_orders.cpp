#include "sampler/trial_orders.hpp"

#include <algorithm>
#include <variant>

namespace stemma {
namespace {

constexpr auto gone = ~std::uint32_t{0};
/// With more new trials than this part of all, sorting is quicker than moving the places up for each.
constexpr std::size_t sorted_part = 16;

bool has(const Trial& trial, std::size_t coordinate) {
    return !std::holds_alternative<Inactive>(trial.configuration[coordinate]);
}

}  // namespace

void TrialOrders::update(std::span<const Trial> trials) {
    const auto coordinates = trials.empty() ? 0 : trials.front().unit.size();
    std::vector<std::uint32_t> now(members_.size(), gone);  // the new number of each old trial
    std::vector<std::uint32_t> added;
    std::size_t old = 0;
    for (std::uint32_t i = 0; i < trials.size(); ++i) {
        while (old < members_.size() && members_[old] < trials[i].member) ++old;
        if (old < members_.size() && members_[old] == trials[i].member) {
            now[old] = i;
        } else {
            added.push_back(i);
        }
    }
    members_.resize(trials.size());
    std::ranges::transform(trials, members_.begin(), &Trial::member);
    if (orders_.size() != coordinates || added.size() * sorted_part > trials.size()) {
        orders_.assign(coordinates, {});
        return sort_all(trials);
    }
    for (std::size_t coordinate = 0; coordinate < coordinates; ++coordinate) {
        auto& order = orders_[coordinate];
        for (auto& place : order) place.trial = now[place.trial];
        std::erase_if(order, [](const TrialPlace& place) { return place.trial == gone; });
        for (const auto i : added) {
            if (!has(trials[i], coordinate)) continue;
            const TrialPlace place{trials[i].unit[coordinate], i};
            order.insert(std::ranges::upper_bound(order, place), place);
        }
    }
}

void TrialOrders::sort_all(std::span<const Trial> trials) {
    for (std::size_t coordinate = 0; coordinate < orders_.size(); ++coordinate) {
        auto& order = orders_[coordinate];
        for (std::uint32_t i = 0; i < trials.size(); ++i) {
            if (has(trials[i], coordinate)) order.push_back({trials[i].unit[coordinate], i});
        }
        std::ranges::sort(order);
    }
}

}  // namespace stemma
