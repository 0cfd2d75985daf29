#include "contract/sampler/sampler_suite.hpp"
#include "sampler/explore.hpp"
#include "sampler/grid.hpp"
#include "sampler/points.hpp"
#include "sampler/random.hpp"
#include "sampler/schedule.hpp"
#include "sampler/sobol.hpp"
#include "sampler/tpe.hpp"

namespace stemma::test {
namespace {

using Space = std::shared_ptr<const SearchSpace>;

std::unique_ptr<Sampler> make_given_points(Space space, std::uint64_t seed) {
    // A given point must be valid: the first of the random ones.
    auto first = *make_random_sampler(space, seed)->propose({{0}, 0, {}});
    return make_points_sampler(space, {std::move(first)}, make_sobol_sampler(space, seed));
}

std::unique_ptr<Sampler> make_schedule(Space space, std::uint64_t seed) {
    auto first = *make_random_sampler(space, seed)->propose({{0}, 0, {}});
    return make_schedule_sampler(std::move(space), std::vector<Configuration>(20, first));
}

std::unique_ptr<Sampler> make_explore(Space space, std::uint64_t seed, ExploreSettings settings) {
    return make_explore_sampler(space, seed, std::move(settings), make_random_sampler(space, seed));
}

std::unique_ptr<Sampler> make_unit_explore(Space space, std::uint64_t seed) {
    ExploreSettings settings;
    settings.move = ExploreSettings::Move::unit_step;
    return make_explore(std::move(space), seed, settings);
}

std::unique_ptr<Sampler> make_multivariate_tpe(Space space, std::uint64_t seed) {
    TpeSettings settings;
    settings.multivariate = true;
    return make_tpe_sampler(std::move(space), seed, settings);
}

/// A model from the first observation on, and few trials used.
std::unique_ptr<Sampler> make_eager_tpe(Space space, std::uint64_t seed) {
    TpeSettings settings;
    settings.startup = 1;
    settings.cap = 20;
    settings.time = TpeSettings::Time::none;
    return make_tpe_sampler(std::move(space), seed, settings);
}

const SamplerCase cases[] = {
    {"Random", [](Space space, std::uint64_t seed) { return make_random_sampler(std::move(space), seed); }},
    {"Sobol", [](Space space, std::uint64_t seed) { return make_sobol_sampler(std::move(space), seed); }},
    {"Grid", [](Space space, std::uint64_t seed) { return make_grid_sampler(std::move(space), {.points = 3}, seed); }},
    {"ShuffledGrid",
     [](Space space, std::uint64_t seed) {
         const bool shuffle = space->grid_size(2) <= 100'000;
         return make_grid_sampler(std::move(space), {.points = 2, .shuffle = shuffle}, seed);
     }},
    {"PointsThenSobol", make_given_points},
    {"Schedule", make_schedule},
    {"Explore", [](Space space,
                   std::uint64_t seed) { return make_explore(std::move(space), seed, ExploreSettings::published()); }},
    {"ExploreAsRay",
     [](Space space, std::uint64_t seed) { return make_explore(std::move(space), seed, ExploreSettings::ray()); }},
    {"ExploreUnitSteps", make_unit_explore},
    {"Tpe", [](Space space, std::uint64_t seed) { return make_tpe_sampler(std::move(space), seed, {}); }},
    {"TpeMultivariate", make_multivariate_tpe},
    {"TpeEager", make_eager_tpe},
};

INSTANTIATE_TEST_SUITE_P(All, SamplerContract, testing::ValuesIn(cases),
                         [](const auto& one) { return one.param.name; });

}  // namespace
}  // namespace stemma::test
