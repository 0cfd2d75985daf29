#include "sampler/product_kernels.hpp"

#include <gtest/gtest.h>

#include <array>
#include <cmath>

#include "unit/sampler/fixtures.hpp"

namespace stemma {
namespace {

/// Two trials, (0.25, a) with weight 1 and (0.75, b) with weight 0.5, and the prior with weight 1: shares 0.4, 0.2,
/// 0.4. Kernels of x: normals of deviation 0.5, the distance between the two, at 0.25 and 0.75; the prior's is 1, at
/// 0.5. Choices, of three components: s = 1/3, so 2/3 for a trial's own choice and 1/6 for each other.
class ProductKernelsTest : public testing::Test {
protected:
    ProductKernelsTest() {
        for (std::uint64_t i = 0; i < 2; ++i) {
            trials_[i].member = {i};
            trials_[i].unit = units_[i];
            trials_[i].configuration = configurations_[i];
            group_.trials.push_back(&trials_[i]);
        }
        group_.weights = {1, 0.5};
        group_.ascending = {{{0.25, 0}, {0.75, 1}}, {}};
    }

    static Configuration point(double x, std::uint32_t choice) { return {x, Choice{choice}}; }
    ProductKernels kernels(ConfigurationView parent = {}) {
        model_ = std::make_unique<TpeModel>(TpeModel{*space_, settings_, parent, {}, {}});
        return {*model_, group_};
    }
    double density(ProductKernels& kernels, double x, std::uint32_t choice) const {
        const auto at = point(x, choice);
        return std::exp(kernels.log_density(at, space_->to_unit(at)));
    }

    std::shared_ptr<const SearchSpace> space_ = test::share(SearchSpace(
        {{"x", Real{}, Role::fixed, {}, {}},
         {"c", Categorical{{std::string("a"), std::string("b"), std::string("c")}}, Role::mutable_value, {}, {}}}));
    const TpeSettings settings_;
    const std::array<Configuration, 2> configurations_{point(0.25, 0), point(0.75, 1)};
    const std::array<std::vector<double>, 2> units_{space_->to_unit(configurations_[0]),
                                                    space_->to_unit(configurations_[1])};
    std::array<Trial, 2> trials_;
    TpeGroup group_;
    std::unique_ptr<TpeModel> model_;
};

TEST_F(ProductKernelsTest, TheDensityIsTheOneWorkedOutByHand) {
    auto both = kernels();
    // At 0.5: phi(0.5) / 0.5 / (Phi(1.5) - Phi(-0.5)) = 0.704130654 / 0.624655260 = 1.127230808 for either trial,
    // 0.398942280 / (Phi(0.5) - Phi(-0.5)) = 1.041828977 for the prior.
    EXPECT_NEAR(density(both, 0.5, 0), 0.4 * 1.127230808 * 2 / 3 + 0.2 * 1.127230808 / 6 + 0.4 * 1.041828977 / 3, 1e-8);
    EXPECT_NEAR(density(both, 0.5, 1), 0.4 * 1.127230808 / 6 + 0.2 * 1.127230808 * 2 / 3 + 0.4 * 1.041828977 / 3, 1e-8);
    EXPECT_NEAR(density(both, 0.5, 2), 0.6 * 1.127230808 / 6 + 0.4 * 1.041828977 / 3, 1e-8);
    // At 0.25: 1.277319846, 0.774733649, 1.009775269.
    EXPECT_NEAR(density(both, 0.25, 0), 0.4 * 1.277319846 * 2 / 3 + 0.2 * 0.774733649 / 6 + 0.4 * 1.009775269 / 3,
                1e-8);
}

TEST_F(ProductKernelsTest, WhatIsInheritedWeighsTheComponents) {
    // A child of (0.25, c) keeps x. Shares in proportion to 0.4 * 1.277319846, 0.2 * 0.774733649, 0.4 * 1.009775269:
    // 0.477598812, 0.144839161, 0.377562026.
    const auto parent = point(0.25, 2);
    auto given_x = kernels(parent);
    EXPECT_NEAR(density(given_x, 0.25, 0), 0.477598812 * 2 / 3 + 0.144839161 / 6 + 0.377562026 / 3, 1e-8);
    EXPECT_NEAR(density(given_x, 0.25, 1), 0.477598812 / 6 + 0.144839161 * 2 / 3 + 0.377562026 / 3, 1e-8);
    EXPECT_NEAR(density(given_x, 0.25, 2), (0.477598812 + 0.144839161) / 6 + 0.377562026 / 3, 1e-8);
    Stream random(1, Purpose::test);
    std::array<int, 3> drawn{};
    for (int i = 0; i < 10'000; ++i) {
        const auto child = given_x.draw(random);
        ASSERT_EQ(child[0], parent[0]);
        ++drawn[std::get<Choice>(child[1]).index];
    }
    EXPECT_NEAR(drawn[0], 4684, 4 * 50);  // a standard deviation is at most 50
    EXPECT_NEAR(drawn[1], 3020, 4 * 50);
    EXPECT_NEAR(drawn[2], 2296, 4 * 50);
}

TEST_F(ProductKernelsTest, DrawsFollowTheDensity) {
    constexpr std::size_t bins = 5, choices = 3, steps = 200, draws = 50'000;
    auto both = kernels();
    std::array<std::array<double, choices>, bins> expected{}, drawn{};
    double whole = 0;
    for (std::uint32_t choice = 0; choice < choices; ++choice) {
        for (std::size_t i = 0; i < bins * steps; ++i) {
            const double part = density(both, (static_cast<double>(i) + 0.5) / (bins * steps), choice) / (bins * steps);
            expected[i / steps][choice] += part * draws;
            whole += part;
        }
    }
    EXPECT_NEAR(whole, 1, 1e-5);
    Stream random(1, Purpose::test);
    for (std::size_t i = 0; i < draws; ++i) {
        const auto point = both.draw(random);
        ++drawn[static_cast<std::size_t>(std::get<double>(point[0]) * bins)][std::get<Choice>(point[1]).index];
    }
    double chi_square = 0;
    for (std::size_t bin = 0; bin < bins; ++bin) {
        for (std::size_t choice = 0; choice < choices; ++choice)
            chi_square += std::pow(drawn[bin][choice] - expected[bin][choice], 2) / expected[bin][choice];
    }
    EXPECT_LT(chi_square, 36.1);  // 14 degrees of freedom: one of 1000 seeds is above
}

}  // namespace
}  // namespace stemma
