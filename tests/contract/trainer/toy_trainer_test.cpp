#include "trainer/toy/toy_trainer.hpp"
#include "contract/trainer/trainer_suite.hpp"

namespace stemma {
namespace {

TrainerCase toy_case(const std::string& surface, double noise, std::size_t state_bytes) {
    Parameter lr;
    lr.name = "lr";
    lr.domain = Real{1e-4, 1, Scale::log, {}};
    Parameter width;
    width.name = "width";
    width.domain = Integer{8, 64, Scale::linear, {}};
    const auto space = std::make_shared<const SearchSpace>(std::vector{lr, width});
    ToySettings settings;
    settings.surface.kind = surface_named(surface);
    settings.surface.noise = noise;
    settings.state_bytes = state_bytes;
    return {surface, space, [settings, space] { return make_toy_trainer(settings, space); }, 5};
}

INSTANTIATE_TEST_SUITE_P(Toy, TrainerContract,
                         testing::Values(toy_case("quadratic", 0, 0), toy_case("narrow", 0.1, 1000),
                                         toy_case("crossing", 0, 1), toy_case("flat", 1, 0)),
                         case_name);

}  // namespace
}  // namespace stemma
