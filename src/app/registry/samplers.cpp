// Samplers by name.
#include <algorithm>
#include <cmath>

#include "app/registry.hpp"
#include "sampler/explore.hpp"
#include "sampler/gp/gp.hpp"
#include "sampler/grid.hpp"
#include "sampler/points.hpp"
#include "sampler/random.hpp"
#include "sampler/schedule.hpp"
#include "sampler/sobol.hpp"
#include "sampler/tpe.hpp"

namespace stemma {

namespace {

TpeSettings tpe_settings(const Job& job) {
    auto settings = job.sampler.tpe;
    settings.startup = startup_of(job).value();
    settings.count_pending = job.scheduler.type == SchedulerType::gpbt;
    return settings;
}

GpSettings gp_settings(const Job& job) {
    auto settings = job.sampler.gp;
    settings.startup = startup_of(job).value();
    settings.count_pending = job.scheduler.type == SchedulerType::gpbt;
    settings.fit_elsewhere = true;  // rank 0 must not keep workers waiting
    return settings;
}

ExploreSettings explore_settings(const SamplerSettings& given) {
    auto settings = given.explore;
    if (given.factors.empty()) return settings;
    settings.factors.clear();
    for (const auto& literal : given.factors) {
        const auto* integer = std::get_if<std::int64_t>(&literal);
        settings.factors.push_back(integer != nullptr ? static_cast<double>(*integer) : std::get<double>(literal));
    }
    return settings;
}

std::unique_ptr<Sampler> make_base_sampler(const Job& job) {
    switch (job.sampler.type) {
        case SamplerType::random:
            return make_random_sampler(job.space, job.run.seed);
        case SamplerType::grid:
            return make_grid_sampler(job.space, {.points = job.sampler.points, .skipped = job.sampler.first},
                                     job.run.seed);
        case SamplerType::sobol:
            return make_sobol_sampler(job.space, job.run.seed);
        case SamplerType::tpe:
            return make_tpe_sampler(job.space, job.run.seed, tpe_settings(job));
        case SamplerType::gp:
            return make_gp_sampler(job.space, job.run.seed, gp_settings(job));
    }
    unreachable("a sampler has one of the types");
}

}  // namespace

std::unique_ptr<Sampler> make_sampler(const Job& job) {
    if (job.scheduler.type == SchedulerType::replay) return make_schedule_sampler(job.space, job.scheduler.stages);
    auto sampler = make_base_sampler(job);
    if (births_of(job) == Births::perturb) {
        sampler = make_explore_sampler(job.space, job.run.seed, explore_settings(job.sampler), std::move(sampler));
    }
    if (job.sampler.first.empty()) return sampler;
    return make_points_sampler(job.space, job.sampler.first, std::move(sampler));
}

}  // namespace stemma
