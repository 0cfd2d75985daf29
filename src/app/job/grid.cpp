// What a grid can do for a scheduler, and what forbidden clauses leave of a space.
#include "app/job/job.hpp"
#include "app/job/readers.hpp"
#include "sampler/random_draws.hpp"
#include "sampler/tried.hpp"

namespace stemma {

namespace {

constexpr std::uint64_t counted_max = 1'000'000;

std::string configurations_text(std::uint64_t count) {
    return std::to_string(count) + (count == 1 ? " configuration" : " configurations");
}

}  // namespace

Births births_of(const Job& job) {
    const bool perturbs = job.scheduler.type->traits.perturbs && !job.sampler.type->traits.learns;
    return job.sampler.births.value_or(perturbs ? Births::perturb : Births::propose);
}

std::optional<std::uint64_t> finite_configurations(const Job& job) {
    if (!job.sampler.type->finite() || job.scheduler.scheduled()) return std::nullopt;
    return job.sampler.type->count(job.sampler.settings, *job.space, job.sampler.first);
}

std::optional<std::uint64_t> distinct_configurations(const Job& job) {
    if (job.sampler.type->finite() || job.sampler.allow_duplicates || job.scheduler.type->traits.lineages)
        return std::nullopt;
    return configurations_of(*job.space);
}

void check_points(const Node& root, const Job& job, Diagnostics& diagnostics) {
    if (job.space == nullptr || diagnostics.count() > 0 || job.scheduler.scheduled()) return;
    if (!job.space->forbidden().empty() && !RandomDraws(job.space, job.run.seed).draw({0})) {
        diagnostics.error(place_of(root, {"forbidden"}), "forbidden",
                          "leaves nothing of the search space (or so little that it is not found): no configuration "
                          "is allowed; remove or narrow some of the clauses");
        return;
    }
    const auto points = finite_configurations(job);
    if (!points) return;
    const auto place = place_of(root, {"sampler", "type"});
    if (*points == 0) {
        diagnostics.error(place, "sampler.type", "is \"grid\", and no point of the grid is allowed; give more points");
        return;
    }
    if (!job.scheduler.population()) return;
    const auto type = in_quotes(job.scheduler.type->name);
    const bool children_too = births_of(job) == Births::propose;
    const auto [wanted, reckoned] = job.scheduler.type->wants(job.scheduler.settings, children_too);
    if (reckoned.empty()) {
        diagnostics.error(place, "sampler.type",
                          "is \"grid\", and the children of scheduler.type = " + type +
                              " would use it up one by one; leave out sampler.births, or take another sampler");
        return;
    }
    if (wanted <= *points) return;
    diagnostics.error(place, "sampler.type",
                      "is \"grid\", which has " + configurations_text(*points) + "; scheduler.type = " + type +
                          " wants " + (wanted > counted_max ? "more than a million" : std::to_string(wanted)) + " (" +
                          reckoned + "); give more sampler.points, or take another sampler");
}

}  // namespace stemma
