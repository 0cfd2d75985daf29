#include "contract/sampler/sampler_suite.hpp"
#include "sampler/gp/gp.hpp"

namespace stemma::test {
namespace {

/// Small enough for the suite's thousands of proposals.
GpSettings quick() {
    return {.startup = 3,
            .data = 24,
            .refit_always = 8,
            .cold_evaluations = 8,
            .warm_evaluations = 4,
            .search = {.random_candidates = 30, .local_candidates = 20, .refined = 1, .refinement_evaluations = 5}};
}

SamplerCase gp_case(const char* name, GpSettings settings) {
    return {name, [settings](std::shared_ptr<const SearchSpace> space, std::uint64_t seed) {
                return make_gp_sampler(std::move(space), seed, settings);
            }};
}

std::vector<SamplerCase> cases() {
    auto plain = quick(), improvement = quick();
    plain.search.acquisition = GpAcquisition::log_ei;
    plain.warp_inputs = plain.warp_outputs = false;
    plain.pending = GpPending::liar;
    improvement.objective = GpObjective::improvement;
    improvement.time = GpTime::decay;
    improvement.search.acquisition = GpAcquisition::lcb;
    return {gp_case("Gp", quick()), gp_case("GpPlain", plain), gp_case("GpImprovement", improvement)};
}

INSTANTIATE_TEST_SUITE_P(Gp, SamplerContract, testing::ValuesIn(cases()),
                         [](const auto& one) { return one.param.name; });

}  // namespace
}  // namespace stemma::test
