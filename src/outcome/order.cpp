#include "outcome/order.hpp"

#include <algorithm>
#include <cmath>
#include <tuple>

#include "outcome/fronts.hpp"
#include "outcome/spread.hpp"

namespace stemma {

namespace {

using Indices = std::vector<std::uint32_t>;

/// Appends the feasible, which are ascending by member, until `order` has `need` places.
void append_fronts(std::span<const Candidate> candidates, const Indices& feasible, std::size_t need, Indices& order) {
    std::vector<Objectives> points;
    points.reserve(feasible.size());
    for (const auto index : feasible) points.push_back(candidates[index].outcome.objectives);
    const auto numbers = front_numbers(points);
    std::vector<Indices> fronts;
    for (std::uint32_t i = 0; i < numbers.size(); ++i) {
        if (numbers[i] >= fronts.size()) fronts.resize(numbers[i] + std::size_t{1});
        fronts[numbers[i]].push_back(i);
    }
    std::vector<Objectives> members;
    for (const auto& front : fronts) {
        if (order.size() >= need) return;
        members.clear();
        for (const auto index : front) members.push_back(points[index]);
        for (const auto place : spread_order(members, need - order.size())) order.push_back(feasible[front[place]]);
    }
}

/// One objective: fronts are ties, which go by member.
void append_sorted(std::span<const Candidate> candidates, const Indices& feasible, std::size_t need, Indices& order) {
    std::vector<std::tuple<double, std::uint64_t, std::uint32_t>> keys;
    keys.reserve(feasible.size());
    for (const auto index : feasible) {
        keys.emplace_back(candidates[index].outcome.objectives[0], candidates[index].member.value, index);
    }
    const auto places = std::min(need, keys.size());
    std::partial_sort(keys.begin(), keys.begin() + static_cast<std::ptrdiff_t>(places), keys.end());
    for (std::size_t i = 0; i < places; ++i) order.push_back(std::get<2>(keys[i]));
}

}  // namespace

std::vector<std::uint32_t> order_of(std::span<const Candidate> candidates, std::size_t need) {
    Indices feasible;
    Indices infeasible;
    for (std::uint32_t i = 0; i < candidates.size(); ++i) {
        const auto& outcome = candidates[i].outcome;
        if (!outcome.diverged()) (outcome.feasible() ? feasible : infeasible).push_back(i);
    }
    Indices order;
    if (feasible.empty() || need == 0) {
        // the infeasible follow
    } else if (candidates[feasible[0]].outcome.objectives.count == 1) {
        append_sorted(candidates, feasible, need, order);
    } else {
        const auto older = [&](std::uint32_t a, std::uint32_t b) {
            return candidates[a].member < candidates[b].member;
        };
        if (!std::is_sorted(feasible.begin(), feasible.end(), older)) {
            std::sort(feasible.begin(), feasible.end(), older);
        }
        append_fronts(candidates, feasible, need, order);
    }
    const auto violation = [&](std::uint32_t index) {
        const double value = candidates[index].outcome.violation;
        return std::isnan(value) ? std::numeric_limits<double>::infinity() : value;
    };
    std::sort(infeasible.begin(), infeasible.end(), [&](std::uint32_t a, std::uint32_t b) {
        return std::tuple(violation(a), candidates[a].member) < std::tuple(violation(b), candidates[b].member);
    });
    for (const auto index : infeasible) {
        if (order.size() >= need) break;
        order.push_back(index);
    }
    return order;
}

}  // namespace stemma
