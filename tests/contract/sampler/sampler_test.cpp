#include "contract/sampler/sampler_suite.hpp"
#include "sampler/grid.hpp"
#include "sampler/points.hpp"
#include "sampler/random.hpp"
#include "sampler/schedule.hpp"
#include "sampler/sobol.hpp"

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
    return make_schedule_sampler(std::move(space), {first, first});
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
};

INSTANTIATE_TEST_SUITE_P(All, SamplerContract, testing::ValuesIn(cases),
                         [](const auto& one) { return one.param.name; });

}  // namespace
}  // namespace stemma::test
