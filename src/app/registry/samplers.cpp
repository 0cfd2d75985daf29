// The sampler of a job, with what stands around it.
#include "app/registry.hpp"
#include "sampler/explore.hpp"
#include "sampler/points.hpp"
#include "sampler/schedule.hpp"

namespace stemma {

std::unique_ptr<Sampler> make_sampler(const Job& job) {
    const auto& given = job.sampler;
    if (job.scheduler.scheduled()) return make_schedule_sampler(job.space, job.scheduler.stages);
    const bool count_pending = job.scheduler.type->startup(job.scheduler.settings).has_value();
    auto sampler = given.type->make(given.settings, {job.space, job.run.seed, given.first, count_pending});
    if (births_of(job) == Births::perturb)
        sampler = make_explore_sampler(job.space, job.run.seed, given.explore, std::move(sampler));
    if (given.first.empty()) return sampler;
    return make_points_sampler(job.space, given.first, std::move(sampler));
}

}  // namespace stemma
