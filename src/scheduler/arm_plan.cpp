#include "scheduler/arm_plan.hpp"

#include <algorithm>

#include "scheduler/gpbt_boundaries.hpp"

namespace stemma {

namespace {

std::vector<Resource> ladder(Resource parts) {
    std::vector<Resource> all{parts};
    while (all.back() > 2) all.push_back(std::max<Resource>(2, all.back() / 2));
    return all;
}

/// Generations of the finest arm.
Resource finest_parts(Resource max, Resource interval) {
    return std::min({max, gpbt_generations_max, std::max(arm_parts_least, max / interval)});
}

}  // namespace

ArmPlan plan_arms(const GpbtSettings& settings) {
    const auto max = settings.max;
    const auto arms_max = std::max<std::size_t>(1, settings.children / 3);
    const auto too_many = [&](Resource interval) { return ladder(finest_parts(max, interval)).size() > arms_max; };
    ArmPlan plan;
    plan.budget = static_cast<Resource>(settings.children) * max;
    // The number of arms falls as the interval grows: bisect.
    Resource shortest = settings.interval_min;
    plan.cut = too_many(shortest);
    if (plan.cut) {
        Resource enough = std::max(shortest, max / arm_parts_least + 1);
        while (shortest + 1 < enough) {
            const auto middle = shortest + (enough - shortest) / 2;
            (too_many(middle) ? shortest : enough) = middle;
        }
        shortest = enough;
    }
    plan.shortest = shortest;
    plan.parts = ladder(finest_parts(max, shortest));
    if (plan.parts.size() > arms_max) plan.parts.resize(arms_max);
    for (const auto parts : plan.parts) plan.ends.push_back(GpbtBoundaries::divided(max, parts).end(0));
    const auto affordable = plan.budget / (3 * plan.ends.back());
    plan.founders = static_cast<std::uint32_t>(std::clamp<Resource>(affordable, 1, arm_founders_max));
    if (max == 1) plan.founders = settings.children;  // nothing is left to select for
    return plan;
}

}  // namespace stemma
