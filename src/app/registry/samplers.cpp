// The sampler of a job, with what stands around it.
#include "app/registry.hpp"
#include "sampler/distinct.hpp"
#include "sampler/explore.hpp"
#include "sampler/points.hpp"
#include "sampler/schedule.hpp"

namespace stemma {

namespace {

std::uint64_t expected_members(const Job& job) {
    const auto plan = expected_plan(job);
    return plan.members_fixed ? plan.members : 0;
}

}  // namespace

std::unique_ptr<Sampler> make_sampler(const Job& job) {
    const auto& given = job.sampler;
    if (job.scheduler.scheduled()) return make_schedule_sampler(job.space, job.scheduler.stages);
    const bool count_pending = job.scheduler.type->startup(job.scheduler.settings).has_value();
    auto sampler = given.type->make(given.settings, {.space = job.space,
                                                     .seed = job.run.seed,
                                                     .first = given.first,
                                                     .expected = given.type->traits.plans ? expected_members(job) : 0,
                                                     .objectives = 1 + job.more_metrics.size(),
                                                     .count_pending = count_pending});
    // A sampler with an end never repeats itself. A population goes on where the space is used up.
    if (!given.type->finite() && !given.allow_duplicates) {
        sampler = make_distinct_sampler(job.space, job.run.seed, std::move(sampler),
                                        {.rounds = job.scheduler.type->traits.lineages});
    }
    if (births_of(job) == Births::perturb)
        sampler = make_explore_sampler(job.space, job.run.seed, given.explore, std::move(sampler));
    if (given.first.empty()) return sampler;
    return make_points_sampler(job.space, given.first, std::move(sampler));
}

}  // namespace stemma
