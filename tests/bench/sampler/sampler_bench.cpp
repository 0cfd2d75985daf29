// Cost of one proposal against the number of observed trials and of parameters.

#include <benchmark/benchmark.h>

#include "core/rng.hpp"
#include "sampler/random.hpp"
#include "sampler/tpe.hpp"

namespace stemma {
namespace {

std::shared_ptr<const SearchSpace> cube(std::int64_t dimensions) {
    std::vector<Parameter> parameters;
    for (std::int64_t i = 0; i < dimensions; ++i) {
        parameters.push_back({"x" + std::to_string(i), Real{}, Role::mutable_value, {}, {}});
    }
    return std::make_shared<const SearchSpace>(std::move(parameters));
}

/// Arguments: trials, parameters. `generation` > 0: every member's parent is the member that many numbers before it.
void propose(benchmark::State& state, const TpeSettings& settings, std::uint64_t generation) {
    const auto space = cube(state.range(1));
    const auto sampler = make_tpe_sampler(space, 1, settings);
    const auto random = make_random_sampler(space, 1);
    const auto trials = static_cast<std::uint64_t>(state.range(0));
    const auto parent_of = [&](std::uint64_t member) {
        return generation > 0 && member >= generation ? MemberId{member - generation} : MemberId{};
    };
    for (std::uint64_t i = 0; i < trials; ++i) {
        const auto point = *random->propose({{i}, i, {}, {}});
        double value = 0;
        for (const auto& x : point) value += std::get<double>(x) * std::get<double>(x);
        sampler->born({{i}, parent_of(i), 0, point});
        sampler->observe({{i}, 1, value});
    }
    std::uint64_t member = trials;
    for (auto _ : state) {
        benchmark::DoNotOptimize(sampler->propose({{member}, member, parent_of(trials), {}}));
        ++member;
    }
}

TpeSettings multivariate() {
    TpeSettings settings;
    settings.multivariate = true;
    return settings;
}

void sizes(benchmark::internal::Benchmark* benchmark) {
    for (const std::int64_t trials : {10, 100, 1'000, 10'000}) {
        for (const std::int64_t parameters : {2, 5, 20}) benchmark->Args({trials, parameters});
    }
    benchmark->Unit(benchmark::kMicrosecond);
}

BENCHMARK_CAPTURE(propose, univariate, TpeSettings{}, 0)->Apply(sizes);
BENCHMARK_CAPTURE(propose, multivariate, multivariate(), 0)->Apply(sizes);
BENCHMARK_CAPTURE(propose, lineage, TpeSettings{}, 10)->Apply(sizes);

}  // namespace
}  // namespace stemma
