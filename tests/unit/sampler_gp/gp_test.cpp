#include "sampler/gp/gp.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

#include "core/error.hpp"
#include "sampler/random.hpp"
#include "unit/sampler_gp/branin.hpp"

namespace stemma::gp::test {
namespace {

double branin_at(const Configuration& at) { return branin(std::get<double>(at[0]), std::get<double>(at[1])); }

double median(std::vector<double> values) {
    std::ranges::sort(values);
    return values[values.size() / 2];
}

template <class Make>
std::vector<double> branin_regrets(const Make& make) {
    std::vector<double> regrets;
    for (std::uint64_t seed = 0; seed < 20; ++seed)
        regrets.push_back(minimum_found(*make(seed), 40, branin_at) - branin_minimum);
    return regrets;
}

TEST(GpSampler, FindsBraninsMinimumWhereRandomSearchDoesNot) {
    const auto random = branin_regrets([](std::uint64_t seed) { return make_random_sampler(branin_space(), seed); });
    EXPECT_GT(median(random), 0.3);
    for (const auto acquisition : {GpAcquisition::log_ei, GpAcquisition::lcb, GpAcquisition::ensemble}) {
        const auto regrets = branin_regrets([acquisition](std::uint64_t seed) {
            return make_gp_sampler(branin_space(), seed, {.search = {.acquisition = acquisition}});
        });
        EXPECT_LT(median(regrets), 0.01);
        EXPECT_GE(std::ranges::count_if(regrets, [](double regret) { return regret < 0.1; }), 17);
    }
}

}  // namespace
}  // namespace stemma::gp::test
