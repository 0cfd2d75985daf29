#include "sampler/parzen.hpp"

#include <gmock/gmock.h>

#include <cmath>

namespace stemma {
namespace {

template <class Function>
double integral(Function function) {
    constexpr int cells = 20'000;  // midpoints
    double sum = 0;
    for (int i = 0; i < cells; ++i) sum += function((i + 0.5) / cells);
    return sum / cells;
}

std::vector<TrialPlace> places(const std::vector<double>& points) {
    std::vector<TrialPlace> all;
    for (const double point : points) all.push_back({point, static_cast<std::uint32_t>(all.size())});
    std::ranges::sort(all);
    return all;
}

double density(const ParzenMixture& mixture, double x) { return std::exp(mixture.log_density(x)); }

TEST(ParzenMixture, WithoutObservationsItIsThePrior) {
    const ParzenMixture mixture({}, {}, 1);
    // exp(-0) / (sqrt(2 pi) * (Phi(0.5) - Phi(-0.5))) with Phi(0.5) = 0.691462461274013
    EXPECT_NEAR(density(mixture, 0.5), 0.398942280401433 / 0.382924922548026, 1e-12);
    EXPECT_NEAR(density(mixture, 1.0), 0.352065326764300 / 0.382924922548026, 1e-12);
}

TEST(ParzenMixture, OneObservationByHand) {
    // Alone at 0.2, so as wide as the way to 1: 0.8. Phi(1) = 0.841344746068543, Phi(-0.25) = 0.401293674317076,
    // density of the standard normal at (0.5 - 0.2) / 0.8 = 0.375: 0.371855093869769.
    const std::vector<double> points{0.2}, weights{1};
    const ParzenMixture mixture(places(points), weights, 1);
    const double kernel = 0.371855093869769 / 0.8 / (0.841344746068543 - 0.401293674317076);
    const double prior = 0.398942280401433 / 0.382924922548026;
    EXPECT_NEAR(density(mixture, 0.5), (kernel + prior) / 2, 1e-12);
}

TEST(ParzenMixture, WeightsAreSharesOfTheSum) {
    const std::vector<double> points{0.2}, weights{0.5};
    const ParzenMixture mixture(places(points), weights, 1.5);
    const double kernel = 0.371855093869769 / 0.8 / (0.841344746068543 - 0.401293674317076);
    const double prior = 0.398942280401433 / 0.382924922548026;
    EXPECT_NEAR(density(mixture, 0.5), 0.25 * kernel + 0.75 * prior, 1e-12);
}

TEST(ParzenMixture, TwoObservationsByHand) {
    // 0.4 apart, so each 0.4 wide (more than 1 / 4). At 0.3: z = 0.5 for both; masses Phi(2.25) - Phi(-0.25) and
    // Phi(1.25) - Phi(-1.25). The prior: z = 0.2.
    const std::vector<double> points{0.1, 0.5}, weights{1, 1};
    const double at_half = 0.352065326764300 / 0.4;
    const double kernels =
        at_half / (0.987775527344955 - 0.401293674317076) + at_half / (0.894350226333145 - 0.105649773666855);
    const double prior = 0.391042693975456 / 0.382924922548026;
    EXPECT_NEAR(density(ParzenMixture(places(points), weights, 1), 0.3), (kernels + prior) / 3, 1e-12);
}

TEST(NeighborDeviations, LargerDistanceWithinBounds) {
    using testing::DoubleNear, testing::ElementsAre;
    const auto points = places({0.9, 0.1, 0.2, 0.2});
    EXPECT_THAT(neighbor_deviations(points, 0), ElementsAre(DoubleNear(1.0 / 6, 1e-12), DoubleNear(1.0 / 6, 1e-12),
                                                            DoubleNear(0.7, 1e-12), DoubleNear(0.7, 1e-12)));
    EXPECT_THAT(neighbor_deviations(points, 0.25),
                ElementsAre(0.25, 0.25, DoubleNear(0.7, 1e-12), DoubleNear(0.7, 1e-12)));
    EXPECT_TRUE(neighbor_deviations({}, 0).empty());
}

TEST(ParzenMixture, IntegratesToOne) {
    for (std::uint64_t seed = 0; seed < 20; ++seed) {
        Stream random(seed, Purpose::test);
        std::vector<double> points(1 + random.below(200)), weights(points.size());
        for (auto& point : points) point = random.below(4) == 0 ? 0.0 : random.uniform();
        for (auto& weight : weights) weight = random.uniform();
        const ParzenMixture mixture(places(points), weights, 0.1 + random.uniform());
        EXPECT_NEAR(integral([&](double x) { return density(mixture, x); }), 1, 1e-4) << "seed " << seed;
    }
}

TEST(ParzenMixture, DrawsFollowTheDensity) {
    const std::vector<double> points{0.05, 0.1, 0.9}, weights{1, 1, 2};
    const ParzenMixture mixture(places(points), weights, 1);
    Stream random(1, Purpose::test);
    constexpr int draws = 20'000;
    std::vector<int> cells(10, 0);
    for (int i = 0; i < draws; ++i) ++cells.at(static_cast<std::size_t>(10 * mixture.draw(random)));
    for (std::size_t cell = 0; cell < cells.size(); ++cell) {
        const double expected =
            integral([&](double x) { return density(mixture, (static_cast<double>(cell) + x) / 10); }) / 10;
        EXPECT_NEAR(cells[cell] / static_cast<double>(draws), expected, 0.012) << "cell " << cell;
    }
}

/// Many near points and a few far ones: narrow and wide kernels, of which the density takes what is near.
TEST(ParzenMixture, LeavesOutOnlyWhatIsNegligible) {
    for (std::uint64_t seed = 0; seed < 20; ++seed) {
        Stream random(seed, Purpose::test);
        std::vector<double> points(300), weights(points.size() + 5, 1);  // five trials have no point
        for (auto& point : points) {
            point = random.below(10) == 0 ? random.uniform() : 0.4 + 0.05 * random.uniform();
        }
        const double narrowest = seed % 2 == 0 ? 0 : 0.02;
        const auto all = places(points);
        const auto deviations = neighbor_deviations(all, narrowest);
        const ParzenMixture mixture(all, weights, 1, narrowest);
        for (int i = 0; i <= 50; ++i) {
            const double x = i / 50.0;
            const auto kernel = [&](double mean, double deviation) {
                const double z = (x - mean) / deviation;
                return std::exp(-0.5 * z * z) / (deviation * 2.5066282746310002 * unit_interval_mass(mean, deviation));
            };
            double expected = kernel(prior_mean, prior_deviation);
            for (std::size_t k = 0; k < all.size(); ++k) expected += kernel(all[k].unit, deviations[k]);
            expected /= static_cast<double>(all.size() + 1);
            EXPECT_NEAR(density(mixture, x) / expected, 1, 1e-12) << "seed " << seed << ", x " << x;
            const double some = mixture.density(x, expected / 3);
            EXPECT_GT(some, expected / 3);
            EXPECT_LE(some, mixture.density(x));
            EXPECT_EQ(mixture.density(x, 2 * expected), mixture.density(x));
        }
    }
}

TEST(ParzenMixture, IsNoNarrowerThanAsked) {
    const std::vector<double> points(50, 0.25), weights(50, 1);
    EXPECT_GT(density(ParzenMixture(places(points), weights, 1), 0.25), 10);
    EXPECT_LT(density(ParzenMixture(places(points), weights, 1, 0.25), 0.25), 3);
}

TEST(ParzenMixture, IsFiniteFarFromAllPoints) {
    const std::vector<double> points(1000, 0.001), weights(1000, 1);
    EXPECT_TRUE(std::isfinite(ParzenMixture(places(points), weights, 1e-3).log_density(1)));
}

TEST(TruncatedNormal, MassIsTheIntegral) {
    for (const double mean : {0.0, 0.03, 0.5, 1.0}) {
        for (const double deviation : {0.01, 0.1, 1.0}) {
            const auto normal = [&](double x) {
                const double z = (x - mean) / deviation;
                return std::exp(-z * z / 2) / (deviation * 2.5066282746310002);
            };
            EXPECT_NEAR(unit_interval_mass(mean, deviation), integral(normal), 1e-5) << mean << " " << deviation;
        }
    }
}

TEST(ParzenChoices, CountsWithPriorByHand) {
    const std::vector<std::uint32_t> seen{2, 2, 0};
    const std::vector<double> weights{1, 0.5, 0.25};
    const ParzenChoices choices(3, seen, weights, 1);
    // s = 1/4: an observation gives 5/7 to its choice and 1/7 to each other; the prior gives 1/3 to each.
    EXPECT_NEAR(choices.log_probability(0), std::log((0.25 * 5 / 7 + 1.5 / 7 + 1.0 / 3) / 2.75), 1e-12);
    EXPECT_NEAR(choices.log_probability(1), std::log((0.25 / 7 + 1.5 / 7 + 1.0 / 3) / 2.75), 1e-12);
    EXPECT_NEAR(choices.log_probability(2), std::log((0.25 / 7 + 1.5 * 5 / 7 + 1.0 / 3) / 2.75), 1e-12);
}

/// Ten copies of one of five choices leave 7.5 % to each other choice, as in Optuna 5. With the prior alone: 1.8 %.
TEST(ParzenChoices, CopiesOfOneChoiceDoNotStarveTheOthers) {
    const std::vector<std::uint32_t> seen(10, 3);
    const ParzenChoices choices(5, seen, std::vector<double>(10, 1.0), 1);
    for (const std::uint32_t other : {0U, 1U, 2U, 4U})
        EXPECT_NEAR(std::exp(choices.log_probability(other)), 0.075, 0.0001) << other;
}

TEST(DrawIndex, FollowsTheWeights) {
    const std::vector<double> weights{0, 3, 0, 1, 0};
    Stream random(1, Purpose::test);
    std::vector<int> counts(5, 0);
    for (int i = 0; i < 4000; ++i) ++counts[draw_index(weights, random)];
    EXPECT_EQ(counts[0] + counts[2] + counts[4], 0);
    EXPECT_NEAR(counts[1], 3000, 150);
}

}  // namespace
}  // namespace stemma
