// The density ratio l(x) / g(x) of TPE against its definition, computed here in long double from tables made by hand.
// The proposal is checked to be the candidate with the largest ratio.

#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <numbers>
#include <vector>

#include "sampler/parzen.hpp"
#include "sampler/product_kernels.hpp"
#include "sampler/tpe_model.hpp"
#include "unit/sampler/fixtures.hpp"

namespace stemma {
namespace {

using Wide = long double;

/// A row of a table: the weight before normalization, and a truncated normal for each coordinate.
struct Component {
    double weight;
    std::vector<double> means, deviations;
};
/// One component a trial, in order of member, then the prior.
using Mixture = std::vector<Component>;

Wide normal_below(Wide z) { return std::erfc(-z / std::numbers::sqrt2_v<Wide>) / 2; }

Wide truncated_normal(Wide x, Wide mean, Wide deviation) {
    const auto z = (x - mean) / deviation;
    const auto mass = normal_below((1 - mean) / deviation) - normal_below(-mean / deviation);
    return std::exp(-z * z / 2) / (deviation * std::sqrt(2 * std::numbers::pi_v<Wide>)) / mass;
}

/// In as many coordinates as `unit` has.
Wide log_density(const Mixture& mixture, const std::vector<double>& unit) {
    Wide sum = 0, total = 0;
    for (const auto& component : mixture) {
        Wide product = component.weight;
        for (std::size_t d = 0; d < unit.size(); ++d)
            product *= truncated_normal(unit[d], component.means[d], component.deviations[d]);
        sum += product;
        total += component.weight;
    }
    return std::log(sum / total);
}

struct Tables {
    Mixture good, bad;

    Wide log_ratio(const std::vector<double>& unit) const { return log_density(good, unit) - log_density(bad, unit); }

    std::vector<double> draw(std::size_t coordinates, Stream& random) const {
        std::vector<double> weights, unit;
        for (const auto& component : good) weights.push_back(component.weight);
        const auto& chosen = good[draw_index(weights, random)];
        for (std::size_t d = 0; d < coordinates; ++d)
            unit.push_back(draw_truncated_normal(chosen.means[d], chosen.deviations[d], random));
        return unit;
    }

    /// The expected proposal: of `candidates` draws from l, each changed by `rounded`, the draw of the largest ratio.
    template <class Rounded>
    std::vector<double> proposal(std::size_t coordinates, std::uint32_t candidates, Stream random,
                                 Rounded rounded) const {
        std::vector<double> best;
        for (std::uint32_t i = 0; i < candidates; ++i) {
            const auto candidate = rounded(draw(coordinates, random));
            if (best.empty() || log_ratio(candidate) > log_ratio(best)) best = candidate;
        }
        return best;
    }
    std::vector<double> proposal(std::size_t coordinates, std::uint32_t candidates, Stream random) const {
        return proposal(coordinates, candidates, random, [](std::vector<double> unit) { return unit; });
    }
};

constexpr double prior_weight = 0.75;
constexpr std::uint64_t streams = 200;

/// Five trials in two coordinates; gamma = 0.3 makes ceil(1.5) = 2 of them good, which are members 1 and 3. Bandwidths:
/// the farther neighbor of the same group in this coordinate alone, at least 1 / (2 + 2) for l, 1 / (3 + 2) for g.
///
/// | member | x    | y    | objective | time | bandwidths of x and y                                 |
/// | 1      | 0.25 | 0.3  | 0.1       | 2    | 1/4, as 0.2 to its neighbor is less; 0.6             |
/// | 3      | 0.45 | 0.9  | 0.2       | 1    | 1/4; 0.6                                              |
/// | 0      | 0.1  | 0.5  | 0.3       | 0    | 0.6; 0.3 (left, 0.15 right)                           |
/// | 2      | 0.7  | 0.2  | 0.5       | 2    | 0.6 (left, 0.25 right); 0.3                           |
/// | 4      | 0.95 | 0.65 | 0.4       | 1    | 0.25; 1/5, as 0.15 is less                            |
class TpeRatio : public testing::Test {
protected:
    TpeRatio() {
        settings_.gamma = 0.3;
        settings_.prior_weight = prior_weight;
        settings_.startup = 5;
    }

    static constexpr std::array<std::array<double, 2>, 5> points{
        {{0.1, 0.5}, {0.25, 0.3}, {0.7, 0.2}, {0.45, 0.9}, {0.95, 0.65}}};
    static constexpr std::array objectives{0.3, 0.1, 0.5, 0.2, 0.4};
    static constexpr std::array<double, 5> times{0, 2, 2, 1, 1};

    /// Weights `now`, `before` and `long_ago` of trials of time 2, 1 and 0.
    static Tables tables(double now, double before, double long_ago) {
        const Component prior{prior_weight, {0.5, 0.5}, {1, 1}};
        return {{{now, {0.25, 0.3}, {0.25, 0.6}}, {before, {0.45, 0.9}, {0.25, 0.6}}, prior},
                {{long_ago, {0.1, 0.5}, {0.6, 0.3}},
                 {now, {0.7, 0.2}, {0.6, 0.3}},
                 {before, {0.95, 0.65}, {0.25, 0.2}},
                 prior}};
    }
    /// For a proposal at time 2 the time kernel is one training wide: exp(-distance^2 / 2).
    static Tables tables_at_two() { return tables(1, std::exp(-0.5), std::exp(-2.0)); }

    /// The model at time 2, from the trials' first `coordinates`.
    TpeModel model(std::size_t coordinates) {
        space_ = test::cube(coordinates);
        configurations_.assign(points.size(), {});
        units_.assign(points.size(), {});
        trials_.assign(points.size(), {});
        for (std::size_t i = 0; i < points.size(); ++i) {
            for (std::size_t d = 0; d < coordinates; ++d) configurations_[i].push_back(points[i][d]);
            units_[i] = space_->to_unit(configurations_[i]);
            trials_[i].member = {i};
            trials_[i].unit = units_[i];
            trials_[i].configuration = configurations_[i];
            trials_[i].objective = objectives[i];
            trials_[i].time = times[i];
        }
        TrialOrders orders;
        orders.update(trials_);
        return make_tpe_model(*space_, settings_, {}, trials_, 2.0, orders);
    }

    TpeSettings settings_;
    std::shared_ptr<const SearchSpace> space_;
    std::vector<Configuration> configurations_;
    std::vector<std::vector<double>> units_;
    std::vector<Trial> trials_;
};

ParzenMixture mixture(const TpeGroup& group) { return {group.ascending[0], group.weights, prior_weight}; }

TEST_F(TpeRatio, OfOneCoordinateIsThatOfTheTables) {
    const auto model = this->model(1);
    const auto good = mixture(model.good), bad = mixture(model.bad);
    const auto log_ratio = [&](double x) { return good.log_density(x) - bad.log_density(x); };
    const auto expected = tables_at_two();
    for (int i = 0; i <= 100; ++i)
        EXPECT_NEAR(log_ratio(i / 100.0), static_cast<double>(expected.log_ratio({i / 100.0})), 1e-13) << i;
    // The same formula in 40 decimal digits (mpmath).
    EXPECT_NEAR(log_ratio(0.3), 0.646242267203354746, 1e-13);
    EXPECT_NEAR(log_ratio(0.8), -0.902479801824379616, 1e-13);
}

TEST_F(TpeRatio, OfTwoCoordinatesIsThatOfTheTables) {
    const auto model = this->model(2);
    ProductKernels good(model, model.good), bad(model, model.bad);
    const auto log_ratio = [&](double x, double y) {
        const Configuration at{x, y};
        const auto unit = space_->to_unit(at);
        return good.log_density(at, unit) - bad.log_density(at, unit);
    };
    const auto expected = tables_at_two();
    for (int i = 0; i <= 20; ++i) {
        for (int j = 0; j <= 20; ++j) {
            const double x = i / 20.0, y = j / 20.0;
            EXPECT_NEAR(log_ratio(x, y), static_cast<double>(expected.log_ratio({x, y})), 1e-13) << x << " " << y;
        }
    }
    // The same formula in 40 decimal digits (mpmath).
    EXPECT_NEAR(log_ratio(0.3, 0.6), 0.761492914867882266, 1e-13);
    EXPECT_NEAR(log_ratio(0.8, 0.1), -0.860808597225758386, 1e-13);
}

TEST_F(TpeRatio, TheLargestOfANumbersCandidatesIsProposed) {
    const auto model = this->model(1);
    const auto densities = univariate_densities(model);
    const auto expected = tables_at_two();
    for (std::uint64_t seed = 0; seed < streams; ++seed) {
        Stream random(seed, Purpose::test);
        const auto best = expected.proposal(1, settings_.candidates, random);
        EXPECT_NEAR(std::get<double>((*densities->by_parameter(random))[0]), best[0], 1e-12) << seed;
    }
}

TEST_F(TpeRatio, TheLargestOfAWholePointsCandidatesIsProposed) {
    const auto model = this->model(2);
    const auto densities = multivariate_densities(model);
    const auto expected = tables_at_two();
    for (std::uint64_t seed = 0; seed < streams; ++seed) {
        Stream random(seed, Purpose::test);
        const auto best = expected.proposal(2, settings_.candidates, random);
        std::vector<Configuration> candidates;
        for (std::uint32_t i = 0; i < settings_.candidates; ++i) candidates.push_back(densities->draw(random));
        const auto proposed = *best_of(candidates, *densities);
        for (std::size_t d = 0; d < 2; ++d) EXPECT_NEAR(std::get<double>(proposed[d]), best[d], 1e-12) << seed;
    }
}

TEST_F(TpeRatio, TheSamplerProposesIt) {
    // From scratch there is no time: all trials weigh 1.
    const auto expected = tables(1, 1, 1);
    for (const std::size_t coordinates : {1U, 2U}) {
        settings_.multivariate = coordinates == 2;
        constexpr std::uint64_t seed = 7;
        const auto tpe = make_tpe_sampler(test::cube(coordinates), seed, settings_);
        for (std::uint64_t i = 0; i < points.size(); ++i) {
            tpe->born({{i}, {}, 0, Configuration(points[i].begin(), points[i].begin() + coordinates)});
            tpe->observe({{i}, 1, objectives[i]});
        }
        for (std::uint64_t i = points.size(); i < streams; ++i) {
            const auto best =
                expected.proposal(coordinates, settings_.candidates, Stream(seed, Purpose::configuration, i));
            const auto proposed = *tpe->propose({{i}, i, {}, {}});
            for (std::size_t d = 0; d < coordinates; ++d)
                EXPECT_NEAR(std::get<double>(proposed[d]), best[d], 1e-12) << "member " << i;
        }
    }
}

TEST_F(TpeRatio, OfANumberWithStepsCountsAtTheCenterOfItsCell) {
    // Five cells, centers 0.1, 0.3, .., 0.9, the same objectives: 1 and 2 are good, both 1/4 wide; 0, 3 and 4 are not,
    // with 0.6, 0.6 and 0.2.
    const Component prior{prior_weight, {0.5}, {1}};
    const Tables expected{{{1, {0.3}, {0.25}}, {1, {0.5}, {0.25}}, prior},
                          {{1, {0.1}, {0.6}}, {1, {0.7}, {0.6}}, {1, {0.9}, {0.2}}, prior}};
    const auto space = test::share(SearchSpace({{"n", Integer{0, 4, {}, {}}, Role::fixed, {}, {}}}));
    constexpr std::array<std::int64_t, 5> values{0, 1, 3, 2, 4};
    settings_.candidates = 3;  // with 24 the same one or two cells are the best of nearly all draws
    const auto tpe = make_tpe_sampler(space, 7, settings_);
    for (std::uint64_t i = 0; i < values.size(); ++i) {
        tpe->born({{i}, {}, 0, Configuration{values[i]}});
        tpe->observe({{i}, 1, objectives[i]});
    }
    const auto center = [](const std::vector<double>& unit) {
        return std::vector<double>{(std::floor(5 * unit[0]) + 0.5) / 5};
    };
    for (std::uint64_t i = values.size(); i < streams; ++i) {
        const auto best = expected.proposal(1, settings_.candidates, Stream(7, Purpose::configuration, i), center);
        EXPECT_EQ(std::get<std::int64_t>((*tpe->propose({{i}, i, {}, {}}))[0]), std::int64_t(5 * best[0])) << i;
    }
}

TEST_F(TpeRatio, OfChoicesIsThatOfTheirCounts) {
    // Good: b, b; others: a, c, a. In l an observation keeps 4/7 for its own choice and shares 3/7, with the prior's
    // 0.75: 15/28, 47/28, 15/28 of 2.75. In g it keeps 0.64: 1.89, 0.61, 1.25 of 3.75. So b is better than c, and c
    // than a.
    const auto space = test::share(
        SearchSpace({{"c", Categorical{{std::string("a"), std::string("b"), std::string("c")}}, Role::fixed, {}, {}}}));
    constexpr std::array<std::uint32_t, 5> choices{0, 1, 2, 1, 0};
    constexpr std::array<double, 3> good{15.0 / 28, 47.0 / 28, 15.0 / 28},
        ratios{15.0 / 28 / 1.89, 47.0 / 28 / 0.61, 15.0 / 28 / 1.25};
    settings_.candidates = 2;  // so that b is not always among them
    const auto tpe = make_tpe_sampler(space, 7, settings_);
    for (std::uint64_t i = 0; i < choices.size(); ++i) {
        tpe->born({{i}, {}, 0, Configuration{Choice{choices[i]}}});
        tpe->observe({{i}, 1, objectives[i]});
    }
    std::array<int, 3> proposed{};
    for (std::uint64_t i = choices.size(); i < 5 * streams; ++i) {
        Stream random(7, Purpose::configuration, i);
        const auto first = draw_index(good, random), second = draw_index(good, random);
        const auto best = ratios[second] > ratios[first] ? second : first;
        EXPECT_EQ(std::get<Choice>((*tpe->propose({{i}, i, {}, {}}))[0]).index, best) << i;
        ++proposed[best];
    }
    EXPECT_GT(proposed[0], 0);
    EXPECT_GT(proposed[2], proposed[0]);
}

}  // namespace
}  // namespace stemma
