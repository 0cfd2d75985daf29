#include "outcome/hypervolume.hpp"

#include <algorithm>
#include <vector>

#include "core/error.hpp"
#include "outcome/scale.hpp"
#include "outcome/staircase.hpp"

namespace stemma {

namespace {

double area(std::vector<Objectives>& points, const Objectives& reference) {
    std::sort(points.begin(), points.end(),
              [](const Objectives& a, const Objectives& b) { return a.values < b.values; });
    double total = 0;
    double least = reference[1];
    for (const auto& point : points) {
        if (point[1] >= least) continue;
        total += (reference[0] - point[0]) * (least - point[1]);
        least = point[1];
    }
    return total;
}

double volume(std::vector<Objectives>& points, const Objectives& reference) {
    std::sort(points.begin(), points.end(), [](const Objectives& a, const Objectives& b) { return a[2] < b[2]; });
    Staircase stairs;
    double covered = 0;
    double total = 0;
    double level = points[0][2];
    for (const auto& point : points) {
        if (stairs.covers(point[0], point[1])) continue;
        total += covered * (point[2] - level);
        level = point[2];
        covered += stairs.gain(point[0], point[1], reference[0], reference[1]);
        stairs.insert(point[0], point[1]);
    }
    return total + covered * (reference[2] - level);
}

}  // namespace

double hypervolume(std::span<const Objectives> points, const Objectives& reference) {
    std::vector<Objectives> below;
    for (const auto& point : points) {
        ensure(point.count == reference.count, "points have as many objectives as the reference");
        bool inside = point.finite();
        for (std::size_t d = 0; d < point.count; ++d) inside = inside && point[d] < reference[d];
        if (inside) below.push_back(point);
    }
    if (below.empty()) return 0;
    switch (reference.count) {
        case 1:
            return reference[0] - std::min_element(below.begin(), below.end(), [](const auto& a, const auto& b) {
                                      return a[0] < b[0];
                                  })->values[0];
        case 2:
            return area(below, reference);
        default:
            return volume(below, reference);
    }
}

Objectives reference_of(std::span<const Objectives> front) {
    ensure(!front.empty(), "a front with members has a reference");
    const UnitScale scale(front);
    Objectives reference = front[0];
    for (std::size_t d = 0; d < reference.count; ++d) {
        const double range = scale.high(d) - scale.low(d);
        reference.values[d] = scale.high(d) + (range > 0 ? 0.1 * range : 1.0);
    }
    return reference;
}

}  // namespace stemma
