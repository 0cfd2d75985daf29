// Failures as constraints of TPE.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <deque>
#include <limits>
#include <tuple>

#include "sampler/feasibility.hpp"
#include "sampler/random.hpp"
#include "sampler/tpe.hpp"
#include "sampler/tpe_model.hpp"
#include "unit/sampler/fixtures.hpp"

namespace stemma {
namespace {

constexpr double worst = std::numeric_limits<double>::infinity();

/// Trials at `x` of one parameter, of which those in `failed` failed.
struct Line {
    Line(std::vector<double> x, const std::vector<std::uint64_t>& failed) : units(std::move(x)) {
        for (std::uint64_t i = 0; i < units.size(); ++i) configurations.push_back({units[i]});
        for (std::uint64_t i = 0; i < units.size(); ++i) {
            auto& one = trials.emplace_back();
            one.member = {i};
            one.unit = std::span(units).subspan(i, 1);
            one.configuration = configurations[i];
            one.failed = std::ranges::count(failed, i) > 0;
        }
        orders.update(trials);
    }
    std::vector<double> units;
    std::deque<Configuration> configurations;
    std::vector<Trial> trials;
    TrialOrders orders;
};

TEST(TpeConstraint, EqualsTheNumbersOfTheMethodNote) {
    // Eight points, computed apart from this code: shares 1/2 and 5/8.
    const auto space = test::cube(1);
    const std::vector<double> x{.05, .15, .30, .40, .55, .65, .80, .95};
    for (const auto& [failed, at, expected] : {std::tuple(std::vector<std::uint64_t>{3, 4, 6, 7}, .20, 0.395244604918),
                                               std::tuple(std::vector<std::uint64_t>{3, 4, 6, 7}, .35, 0.0620427958205),
                                               std::tuple(std::vector<std::uint64_t>{3, 4, 6, 7}, .50, -0.203680699184),
                                               std::tuple(std::vector<std::uint64_t>{3, 4, 6, 7}, .65, -0.312126671214),
                                               std::tuple(std::vector<std::uint64_t>{3, 4, 7}, .20, 0.161914188094),
                                               std::tuple(std::vector<std::uint64_t>{3, 4, 7}, .50, -0.267096079342)}) {
        const Line line(x, failed);
        const auto model = make_tpe_constraint(*space, {}, {}, line.trials, {}, line.orders);
        const auto share = good_share(model);
        ASSERT_TRUE(share);
        EXPECT_EQ(*share, 1 - static_cast<double>(failed.size()) / 8);
        EXPECT_NEAR(constrained_term(univariate_densities(model)->score({at}), *share), expected, 1e-11) << at;
    }
}

TEST(TpeConstraint, SumsTheTermsAndDrawsFromEachPartByTurns) {
    // 0.35 is best for the sum of an objective (good: 2, 3, 4; share 3/8) and a constraint (good: 0, 1, 2, 5).
    const auto space = test::cube(1);
    const std::vector<double> x{.05, .15, .30, .40, .55, .65, .80, .95};
    const Line objective(x, {0, 1, 5, 6, 7}), constraint(x, {3, 4, 6, 7});
    const auto first = make_tpe_constraint(*space, {}, {}, objective.trials, {}, objective.orders);
    const auto second = make_tpe_constraint(*space, {}, {}, constraint.trials, {}, constraint.orders);
    std::vector<TpeConstraintPart> parts;
    parts.push_back({univariate_densities(first), *good_share(first)});
    parts.push_back({univariate_densities(second), *good_share(second), true});
    const auto both = constrained_densities(std::move(parts));
    const auto constraint_alone = univariate_densities(second);
    /// Its probability by the shares of both groups.
    const auto penalty = [&](double at) {
        const double ratio = std::exp(constraint_alone->score({at}));
        return feasibility_penalty(std::log(0.5 * ratio / (0.5 * ratio + 0.5)));
    };
    EXPECT_GT(penalty(.65), penalty(.20));
    EXPECT_EQ(feasibility_penalty(std::log(least_feasibility)), 0);
    EXPECT_NEAR(both->score({.20}) + penalty(.20), 0.503960889408, 1e-11);
    EXPECT_NEAR(both->score({.35}) + penalty(.35), 0.526480006891, 1e-11);
    EXPECT_NEAR(both->score({.50}) + penalty(.50), 0.256014681899, 1e-11);
    EXPECT_NEAR(both->score({.65}) + penalty(.65), -0.219362094218, 1e-11);
    EXPECT_EQ(both->parts(), 2U);
    Stream random(1, Purpose::test), same(1, Purpose::test);
    EXPECT_FALSE(both->by_parameter(random)) << "whole points are compared";
    const auto alone_first = univariate_densities(first), alone_second = univariate_densities(second);
    for (int i = 0; i < 10; ++i) {
        EXPECT_EQ(both->draw(random), alone_first->draw(same));
        EXPECT_EQ(both->draw(random), alone_second->draw(same));
    }
}

TEST(TpeConstraint, WhatHoldsEverywhereSaysNothing) {
    for (const double ratio : {-700.0, -3.0, 0.0, 3.0, 700.0}) {
        EXPECT_EQ(constrained_term(ratio, 1), 0);
        EXPECT_NEAR(constrained_term(ratio, 0), std::min(ratio, 27.631), 1e-3) << "l / g, while nothing ran";
    }
}

/// Share of 100 proposals with x > 0.5 after 40 members: those with x > 0.5 fail as `kind`, in rung `resource`. The
/// others report a value that falls with x, at 1; a few of them at 3 and 9.
double share_of_upper_half(const TpeSettings& settings, Infeasibility kind, Resource resource) {
    const auto space = test::cube(2);
    const auto tpe = make_tpe_sampler(space, 5, settings);
    const auto points = test::proposals(*make_random_sampler(space, 2), 60);
    for (std::uint64_t i = 0; i < points.size(); ++i) {
        tpe->born({{i}, {}, 0, points[i]});
        const double x = std::get<double>(points[i][0]);
        if (x > 0.5) {
            if (kind != Infeasibility::none) tpe->observe({{i}, resource, worst, {}, kind});
            tpe->given_up({i});
            continue;
        }
        for (const Resource to : {1, 3, 9}) {
            if (to == 1 || i % static_cast<std::uint64_t>(to) == 0) tpe->observe({{i}, to, 1 - x});
        }
    }
    int upper = 0;
    for (std::uint64_t i = 60; i < 160; ++i) upper += std::get<double>((*tpe->propose({{i}, i}))[0]) > 0.5 ? 1 : 0;
    return upper / 100.0;
}

TEST(TpeSampler, EachKindOfFailureMarksItsRegion) {
    for (const bool multivariate : {false, true}) {
        TpeSettings settings;
        settings.multivariate = multivariate;
        EXPECT_GT(share_of_upper_half(settings, Infeasibility::none, 1), 0.3) << "nothing is known of that half";
        for (const auto kind : infeasibilities) {
            for (const Resource resource : {1, 3, 27})
                EXPECT_LT(share_of_upper_half(settings, kind, resource), 0.15) << "whatever the resource";
        }
    }
}

TEST(TpeSampler, FailuresAloneMakeAModel) {
    for (const bool multivariate : {false, true}) {
        TpeSettings settings;
        settings.multivariate = multivariate;
        const auto space = test::cube(1);
        const auto tpe = make_tpe_sampler(space, 5, settings);
        for (std::uint64_t i = 0; i < 12; ++i) {
            tpe->born({{i}, {}, 0, Configuration{0.5 + static_cast<double>(i) / 24}});
            tpe->observe({{i}, 1, worst, {}, Infeasibility::out_of_memory});
        }
        int upper = 0;
        for (std::uint64_t i = 12; i < 112; ++i) upper += std::get<double>((*tpe->propose({{i}, i}))[0]) > 0.5 ? 1 : 0;
        EXPECT_LT(upper, 10);
        EXPECT_EQ(tpe->basis(), ProposalBasis::current);
    }
}

}  // namespace
}  // namespace stemma
