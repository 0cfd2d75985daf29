// Regret of Stemma's samplers on functions with known minimum, one evaluation after the other. Prints lines
// "problem,sampler,seed,regret" for regret.py, which adds Optuna's and prints the table. Argument: number of seeds
// (50).

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <limits>

#include "problems.hpp"
#include "sampler/gp/gp.hpp"
#include "sampler/random.hpp"
#include "sampler/sobol.hpp"
#include "sampler/tpe.hpp"

namespace stemma::bench {
namespace {

struct Contestant {
    const char* name;
    std::function<std::unique_ptr<Sampler>(std::shared_ptr<const SearchSpace>, std::uint64_t)> make;
};

std::vector<Contestant> contestants() {
    const auto tpe = [](TpeSettings settings) {
        return [settings](std::shared_ptr<const SearchSpace> space, std::uint64_t seed) {
            return make_tpe_sampler(std::move(space), seed, settings);
        };
    };
    TpeSettings multivariate;
    multivariate.multivariate = true;
    TpeSettings eager;
    eager.startup = 1;
    TpeSettings root;
    root.good = TpeSettings::Good::square_root;
    root.gamma = 0.25;
    TpeSettings wide_root = root;
    wide_root.gamma = 1;
    const auto gp = [](bool warped) {
        return [warped](std::shared_ptr<const SearchSpace> space, std::uint64_t seed) -> std::unique_ptr<Sampler> {
            GpSettings settings;
            settings.warp_inputs = settings.warp_outputs = warped;
            return make_gp_sampler(std::move(space), seed, settings);
        };
    };
    return {
        {"random", [](auto space, std::uint64_t seed) { return make_random_sampler(std::move(space), seed); }},
        {"sobol", [](auto space, std::uint64_t seed) { return make_sobol_sampler(std::move(space), seed); }},
        {"tpe", tpe({})},
        {"tpe multivariate", tpe(multivariate)},
        {"tpe startup=1", tpe(eager)},
        {"tpe published_gpbt", tpe(TpeSettings::published_gpbt())},
        {"tpe lineages", tpe(TpeSettings::lineages())},
        {"gp", gp(true)},
        {"gp plain", gp(false)},
        {"tpe good=0.25 sqrt(n)", tpe(root)},
        {"tpe good=sqrt(n)", tpe(wide_root)},
    };
}

double regret(const Problem& problem, Sampler& sampler) {
    double best = std::numeric_limits<double>::infinity();
    for (std::uint64_t i = 0; i < problem.evaluations; ++i) {
        const auto point = sampler.propose({{i}, i, {}, {}});
        sampler.born({{i}, {}, 0, *point});
        const double value = problem.value(*point);
        sampler.observe({{i}, 1, value});
        best = std::min(best, value);
    }
    return best - problem.minimum;
}

}  // namespace
}  // namespace stemma::bench

int main(int argc, char** argv) {
    const auto seeds = argc > 1 ? std::strtoull(argv[1], nullptr, 10) : 50;
    for (const auto& problem : stemma::bench::problems()) {
        for (const auto& contestant : stemma::bench::contestants()) {
            for (std::uint64_t seed = 0; seed < seeds; ++seed) {
                const auto sampler = contestant.make(problem.space, seed);
                std::printf("%s,%s,%llu,%.9g\n", problem.name.c_str(), contestant.name,
                            static_cast<unsigned long long>(seed), stemma::bench::regret(problem, *sampler));
            }
        }
    }
}
