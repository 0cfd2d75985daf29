#include "outcome/fronts.hpp"

#include <algorithm>
#include <numeric>
#include <utility>

#include "core/error.hpp"
#include "outcome/scale.hpp"
#include "outcome/staircase.hpp"

namespace stemma {

namespace {

/// Indices, ascending by (z1, z2, z3, index).
std::vector<std::uint32_t> lexicographic(std::span<const Objectives> points) {
    std::vector<std::uint32_t> order(points.size());
    std::iota(order.begin(), order.end(), 0U);
    std::sort(order.begin(), order.end(), [&](std::uint32_t a, std::uint32_t b) {
        const auto& left = points[a].values;
        const auto& right = points[b].values;
        for (std::size_t d = 0; d < most_objectives; ++d) {
            if (left[d] != right[d]) return left[d] < right[d];
        }
        return a < b;
    });
    return order;
}

/// Fronts of points that come in lexicographic order, each unlike the one before.
class PlaneFronts {
public:
    std::size_t add(const Objectives& point) {
        const auto front = std::upper_bound(least_.begin(), least_.end(), point[1]);
        const auto number = static_cast<std::size_t>(front - least_.begin());
        if (front == least_.end()) {
            least_.push_back(point[1]);
        } else {
            *front = point[1];
        }
        return number;
    }

private:
    std::vector<double> least_;  ///< second objective of each front's last point; ascending
};

class SpaceFronts {
public:
    std::size_t add(const Objectives& point) {
        const auto front = std::partition_point(
            stairs_.begin(), stairs_.end(), [&](const Staircase& stairs) { return stairs.covers(point[1], point[2]); });
        const auto number = static_cast<std::size_t>(front - stairs_.begin());
        if (front == stairs_.end()) stairs_.emplace_back();
        stairs_[number].insert(point[1], point[2]);
        return number;
    }

private:
    std::vector<Staircase> stairs_;
};

class LineFronts {
public:
    std::size_t add(const Objectives&) { return count_++; }

private:
    std::size_t count_ = 0;
};

template <class Fronts>
void number(std::span<const Objectives> points, const std::vector<std::uint32_t>& order,
            std::vector<std::uint32_t>& numbers) {
    Fronts fronts;
    for (std::size_t i = 0; i < order.size(); ++i) {
        const bool twin = i > 0 && points[order[i]] == points[order[i - 1]];
        numbers[order[i]] = twin ? numbers[order[i - 1]] : static_cast<std::uint32_t>(fronts.add(points[order[i]]));
    }
}

std::vector<std::uint32_t> numbers_in(std::span<const Objectives> points, const std::vector<std::uint32_t>& order) {
    std::vector<std::uint32_t> numbers(points.size());
    if (points.empty()) return numbers;
    ensure(std::all_of(points.begin(), points.end(),
                       [&](const Objectives& point) { return point.count == points[0].count && point.finite(); }),
           "points of fronts are finite and have the same number of objectives");
    switch (points[0].count) {
        case 1:
            number<LineFronts>(points, order, numbers);
            break;
        case 2:
            number<PlaneFronts>(points, order, numbers);
            break;
        default:
            number<SpaceFronts>(points, order, numbers);
    }
    return numbers;
}

}  // namespace

std::vector<std::uint32_t> front_numbers(std::span<const Objectives> points) {
    return numbers_in(points, lexicographic(points));
}

std::vector<std::uint32_t> front_of(std::span<const Objectives> points) {
    auto order = lexicographic(points);
    const auto numbers = numbers_in(points, order);
    std::erase_if(order, [&](std::uint32_t index) { return numbers[index] != 0; });
    return order;
}

std::size_t knee_of(std::span<const Objectives> front) {
    ensure(!front.empty(), "a front has a knee if it has members");
    const UnitScale scale(front);
    std::size_t best = 0;
    std::pair<double, double> least;
    for (std::size_t i = 0; i < front.size(); ++i) {
        const auto scaled = scale.of(front[i]);
        const std::pair measure{*std::max_element(scaled.begin(), scaled.end()), scaled[0] + scaled[1] + scaled[2]};
        if (i == 0 || measure < least) {
            least = measure;
            best = i;
        }
    }
    return best;
}

}  // namespace stemma
