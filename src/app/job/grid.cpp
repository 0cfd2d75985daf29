// What a grid can do for a scheduler, and what forbidden clauses leave of a space.
#include "space/grid.hpp"

#include <algorithm>
#include <cmath>
#include <set>

#include "app/job/job.hpp"
#include "app/job/readers.hpp"
#include "sampler/gp/gp.hpp"
#include "sampler/random_draws.hpp"
#include "scheduler/gpbt.hpp"

namespace stemma {

namespace {

constexpr std::uint64_t counted_max = 1'000'000;

std::string configurations_text(std::uint64_t count) {
    return std::to_string(count) + (count == 1 ? " configuration" : " configurations");
}

/// What a population wants of its sampler at least: its founders, and for GPBT those children that do not repeat
/// their parents.
struct Wanted {
    std::uint64_t configurations = 0;
    std::string reckoned;
};

Wanted wanted_by(const SchedulerSettings& scheduler, bool children_too) {
    if (scheduler.type == SchedulerType::pbt) return {scheduler.pbt.population, "its population"};
    const auto founders = static_cast<std::uint64_t>(std::lround(scheduler.founders * scheduler.gpbt.children));
    if (!children_too) return {founders, "its founders"};
    const auto generations = static_cast<std::uint64_t>((scheduler.max + scheduler.interval - 1) / scheduler.interval);
    const std::uint64_t repeats = scheduler.gpbt.repeat_child ? gpbt_parents(scheduler.gpbt) : 0;
    const auto each = scheduler.gpbt.children - std::min<std::uint64_t>(repeats, scheduler.gpbt.children);
    if (generations > counted_max) return {~std::uint64_t{0}, "its founders, and the children of all generations"};
    return {founders + (generations - 1) * each, "its founders, and the children of all generations"};
}

}  // namespace

Births births_of(const Job& job) {
    const bool learns = job.sampler.type == SamplerType::tpe || job.sampler.type == SamplerType::gp;
    const bool perturbs = job.scheduler.type == SchedulerType::pbt && !learns;
    return job.sampler.births.value_or(perturbs ? Births::perturb : Births::propose);
}

std::optional<std::uint32_t> startup_of(const Job& job) {
    const auto type = job.sampler.type;
    if (type != SamplerType::tpe && type != SamplerType::gp) return std::nullopt;
    if (job.sampler.startup) return job.sampler.startup;
    if (job.scheduler.type == SchedulerType::gpbt) {
        return static_cast<std::uint32_t>(
            std::max(1L, std::lround((job.scheduler.founders - 1) * job.scheduler.gpbt.children)));
    }
    constexpr std::uint32_t tpe_startup = 10;
    return type == SamplerType::tpe ? tpe_startup : default_gp_startup(*job.space);
}

std::optional<std::uint64_t> grid_configurations(const Job& job) {
    if (job.sampler.type != SamplerType::grid || job.scheduler.type == SchedulerType::replay) return std::nullopt;
    const Grid grid(*job.space, job.sampler.points);
    std::uint64_t count = grid.count(counted_max) + job.sampler.first.size();
    if (job.sampler.first.empty() || count >= counted_max) return count;
    std::set<Configuration> given(job.sampler.first.begin(), job.sampler.first.end());
    for (auto number = grid.next(0); number < grid.size(); number = grid.next(number + 1)) {
        count -= given.contains(grid.at(number)) ? 1 : 0;
    }
    return count;
}

void check_points(const Node& root, const Job& job, Diagnostics& diagnostics) {
    if (job.space == nullptr || diagnostics.count() > 0 || job.scheduler.type == SchedulerType::replay) return;
    if (!job.space->forbidden().empty() && !RandomDraws(job.space, job.run.seed).draw({0})) {
        diagnostics.error(place_of(root, {"forbidden"}), "forbidden",
                          "leaves nothing of the search space (or so little that it is not found): no configuration "
                          "is allowed; remove or narrow some of the clauses");
        return;
    }
    const auto points = grid_configurations(job);
    if (!points) return;
    const auto place = place_of(root, {"sampler", "type"});
    if (*points == 0) {
        diagnostics.error(place, "sampler.type", "is \"grid\", and no point of the grid is allowed; give more points");
        return;
    }
    if (!job.scheduler.population()) return;
    const bool children_too = births_of(job) == Births::propose;
    if (children_too && job.scheduler.type == SchedulerType::pbt) {
        diagnostics.error(place, "sampler.type",
                          "is \"grid\", and the children of scheduler.type = \"pbt\" would use it up one by one; "
                          "leave out sampler.births, or take another sampler");
        return;
    }
    const auto [wanted, reckoned] = wanted_by(job.scheduler, children_too);
    if (wanted <= *points) return;
    diagnostics.error(place, "sampler.type",
                      "is \"grid\", which has " + configurations_text(*points) +
                          "; scheduler.type = " + in_quotes(job.scheduler.type == SchedulerType::pbt ? "pbt" : "gpbt") +
                          " wants " + (wanted > counted_max ? "more than a million" : std::to_string(wanted)) + " (" +
                          reckoned + "); give more sampler.points, or take another sampler");
}

}  // namespace stemma
