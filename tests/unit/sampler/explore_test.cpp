#include "sampler/explore.hpp"

#include <gmock/gmock.h>

#include <cmath>
#include <set>

#include "core/error.hpp"
#include "sampler/random.hpp"
#include "support/errors.hpp"
#include "unit/sampler/fixtures.hpp"

namespace stemma {
namespace {

using testing::UnorderedElementsAre;

std::vector<Literal> numbers(std::int64_t count) {
    std::vector<Literal> values;
    for (std::int64_t i = 0; i < count; ++i) values.emplace_back(i);
    return values;
}

std::shared_ptr<const SearchSpace> one(Domain domain) {
    return test::share(SearchSpace({{"x", std::move(domain), Role::mutable_value, {}, {}}}));
}

/// Member 0 with `parent`, then 200 children of it.
std::vector<Configuration> children(const std::shared_ptr<const SearchSpace>& space, const Configuration& parent,
                                    const ExploreSettings& settings = {}) {
    const auto explore = make_explore_sampler(space, 1, settings, make_random_sampler(space, 1));
    explore->born({{0}, {}, 0, parent});
    std::vector<Configuration> all;
    for (std::uint64_t i = 1; i <= 200; ++i) {
        all.push_back(*explore->propose({{i}, i, {0}, {}}));
        space->validate(all.back());
    }
    return all;
}

/// The different values among 200 children of `parent`.
std::set<Value> values(Domain domain, Value parent, const ExploreSettings& settings = {}) {
    std::set<Value> found;
    for (const auto& child : children(one(std::move(domain)), {parent}, settings)) found.insert(child[0]);
    return found;
}

ExploreSettings unit_steps(double step) {
    ExploreSettings settings;
    settings.move = ExploreSettings::Move::unit_step;
    settings.unit_step = step;
    return settings;
}

TEST(Explore, RealsTimesAFactor) {
    EXPECT_THAT(values(Real{0, 10, Scale::linear, {}}, 5.0), UnorderedElementsAre(Value(4.0), Value(6.0)));
    EXPECT_THAT(values(Real{1e-5, 1, Scale::log, {}}, 1e-3), UnorderedElementsAre(Value(8e-4), Value(1.2e-3)));
}

TEST(Explore, WhatMovesInTrainingIsPerturbedOnlyWhereTheRoleSaysSo) {
    const Domain range = Real{1e-5, 1, Scale::log, {}};
    const auto space = test::share(
        SearchSpace({{"lr", range, Role::mutable_hypergradient, {}, {}}, {"wd", range, Role::hypergradient, {}, {}}}));
    std::set<Value> lr, wd;
    for (const auto& child : children(space, {1e-3, 1e-3})) {
        lr.insert(child[0]);
        wd.insert(child[1]);
    }
    EXPECT_THAT(lr, UnorderedElementsAre(Value(8e-4), Value(1.2e-3)));
    EXPECT_THAT(wd, UnorderedElementsAre(Value(1e-3)));
}

TEST(Explore, RealsAreClipped) {
    const auto found = values(Real{1, 10, Scale::linear, {}}, 9.0);
    ASSERT_EQ(found.size(), 2U);
    EXPECT_DOUBLE_EQ(std::get<double>(*found.begin()), 7.2);
    EXPECT_NEAR(std::get<double>(*found.rbegin()), 10, 1e-9);
}

TEST(Explore, ZeroTakesAUnitStep) {
    const auto found = values(Real{0, 10, Scale::linear, {}}, 0.0);
    ASSERT_EQ(found.size(), 2U);
    EXPECT_EQ(*found.begin(), Value(0.0));
    EXPECT_NEAR(std::get<double>(*found.rbegin()), 1, 1e-9);
}

TEST(Explore, LogitMovesTheOdds) {
    // Odds of 0.9 are 9: times 0.8 = 7.2, times 1.2 = 10.8.
    const auto found = values(Real{0.01, 0.99, Scale::logit, {}}, 0.9);
    ASSERT_EQ(found.size(), 2U);
    EXPECT_NEAR(std::get<double>(*found.begin()), 7.2 / 8.2, 1e-9);
    EXPECT_NEAR(std::get<double>(*found.rbegin()), 10.8 / 11.8, 1e-9);
}

TEST(Explore, IntegersMoveByOneAtLeast) {
    const auto integer = [](std::int64_t value) { return Value(value); };
    EXPECT_THAT(values(Integer{1, 8, Scale::linear, {}}, integer(2)), UnorderedElementsAre(integer(1), integer(3)));
    EXPECT_THAT(values(Integer{1, 8, Scale::linear, {}}, integer(8)), UnorderedElementsAre(integer(6), integer(8)));
    EXPECT_THAT(values(Integer{-8, 8, Scale::linear, {}}, integer(-2)), UnorderedElementsAre(integer(-3), integer(-1)));
    EXPECT_THAT(values(Integer{16, 256, Scale::log, {}}, integer(100)),
                UnorderedElementsAre(integer(80), integer(120)));
    EXPECT_THAT(values(Integer{0, 90, Scale::linear, 30}, integer(30)), UnorderedElementsAre(integer(0), integer(60)));
}

TEST(Explore, RealsWithAStepMoveByOneAtLeast) {
    EXPECT_THAT(values(Real{0, 1, Scale::linear, 0.25}, 0.5), UnorderedElementsAre(Value(0.25), Value(0.75)));
    EXPECT_THAT(values(Real{0, 1, Scale::linear, 0.25}, 1.0), UnorderedElementsAre(Value(0.75), Value(1.0)));
}

TEST(Explore, AFactorOfOneMovesNothing) {
    ExploreSettings settings;
    settings.factors = {1.0};
    const auto stays = [&](const Domain& domain, const Value& value) {
        EXPECT_THAT(values(domain, value, settings), UnorderedElementsAre(value));
    };
    stays(Integer{1, 8, Scale::linear, {}}, std::int64_t{4});
    stays(Integer{16, 256, Scale::log, 16}, std::int64_t{128});
    stays(Integer{-8, 8, Scale::linear, {}}, std::int64_t{-4});
    stays(Real{0, 1, Scale::linear, 0.25}, 0.5);
    stays(Real{1e-5, 1, Scale::log, {}}, 1e-3);
    stays(Real{0.01, 0.99, Scale::logit, {}}, 0.9);
}

/// With any step: from a value inside, a child has another value of the domain, on the side given by the factor.
TEST(Explore, RealsWithAnyStepMove) {
    Stream random(1, Purpose::test, 11);
    for (int trial = 0; trial < 400; ++trial) {
        const double width = std::pow(10.0, random.uniform(-6, 6));
        const double low = random.below(3) == 0 ? 0 : width * random.uniform(-3, 3);
        const auto cells = 3 + random.below(trial % 2 == 0 ? 20 : 1'000'000);
        const double step = width / static_cast<double>(cells) * (trial % 3 == 0 ? 1 : random.uniform(0.3, 1));
        const Real real{low, low + width, Scale::linear, step};
        const Domain domain = real;
        const Axis axis(domain);
        SCOPED_TRACE(std::to_string(real.low) + " to " + std::to_string(real.high) + " by " + std::to_string(step));
        const auto value = axis.at(1 + random.below(axis.count() - 2));
        for (const bool by_factor : {true, false}) {
            const auto found =
                values(domain, value, by_factor ? ExploreSettings() : unit_steps(random.uniform(1e-9, 0.2)));
            EXPECT_FALSE(found.contains(value));
            EXPECT_EQ(found.size(), 2U) << "up and down";
            for (const auto& other : found) EXPECT_TRUE(axis.contains(other));
        }
    }
}

TEST(Explore, StepsThatWereNeverMade) {
    const auto moves = [](double low, double high, double step) {
        const Domain domain = Real{low, high, Scale::linear, step};
        const Axis axis(domain);
        for (const std::uint64_t index : {axis.count() / 3, axis.count() / 2}) {
            EXPECT_FALSE(values(domain, axis.at(index)).contains(axis.at(index)));
            EXPECT_FALSE(values(domain, axis.at(index), unit_steps(0.1)).contains(axis.at(index)));
        }
    };
    moves(1, 2, 1.0 / 70'000);
    moves(0, 1e6, 1.0 / 3);
    moves(0, 1e4, 1.0 / 3);
    moves(5, 1000, 1.0 / 7000);
    moves(0, 1, 7.1e-9);
}

TEST(Explore, OrdinalsToANeighbor) {
    EXPECT_THAT(values(Ordinal{numbers(5)}, Choice{2}), UnorderedElementsAre(Value(Choice{1}), Value(Choice{3})));
    EXPECT_THAT(values(Ordinal{numbers(5)}, Choice{4}), UnorderedElementsAre(Value(Choice{3}), Value(Choice{4})));
}

TEST(Explore, CategoricalsWithTheirProbability) {
    ExploreSettings settings;
    settings.categorical_probability = 0;
    EXPECT_THAT(values(Categorical{numbers(3)}, Choice{1}, settings), UnorderedElementsAre(Value(Choice{1})));
    settings.categorical_probability = 1;
    EXPECT_THAT(values(Categorical{numbers(3)}, Choice{1}, settings),
                UnorderedElementsAre(Value(Choice{0}), Value(Choice{2})));
    EXPECT_THAT(values(Categorical{numbers(1)}, Choice{0}, settings), UnorderedElementsAre(Value(Choice{0})));
}

TEST(Explore, UnitStepsFollowTheScale) {
    const auto found = values(Real{1e-4, 1, Scale::log, {}}, 1e-2, unit_steps(0.25));
    ASSERT_EQ(found.size(), 2U);
    EXPECT_NEAR(std::get<double>(*found.begin()), 1e-3, 1e-9);
    EXPECT_NEAR(std::get<double>(*found.rbegin()), 1e-1, 1e-7);
    EXPECT_THAT(values(Integer{1, 4, Scale::linear, {}}, std::int64_t{2}, unit_steps(0.01)),
                UnorderedElementsAre(Value(std::int64_t{1}), Value(std::int64_t{3})));
}

TEST(Explore, ResamplesWithItsProbability) {
    ExploreSettings settings = ExploreSettings::ray();
    int moved_by_factor = 0;
    for (const auto& child : children(one(Real{0, 10, Scale::linear, {}}), {5.0}, settings)) {
        const auto x = std::get<double>(child[0]);
        moved_by_factor += x == 4.0 || x == 6.0 ? 1 : 0;
    }
    EXPECT_NEAR(moved_by_factor, 150, 20);
}

TEST(Explore, TakesMutablesFromTheDonorAndTheRestFromTheParent) {
    const auto space = test::share(SearchSpace({{"lr", Real{0, 10, Scale::linear, {}}, Role::mutable_value, {}, {}},
                                                {"width", Integer{1, 100, Scale::linear, {}}, Role::fixed, {}, {}}}));
    const auto explore = make_explore_sampler(space, 1, {}, make_random_sampler(space, 1));
    explore->born({{0}, {}, 0, Configuration{1.0, std::int64_t{10}}});
    explore->born({{1}, {}, 0, Configuration{5.0, std::int64_t{90}}});
    const auto child = *explore->propose({{2}, 2, {0}, {1}});
    EXPECT_THAT(std::get<double>(child[0]), testing::AnyOf(4.0, 6.0));
    EXPECT_EQ(child[1], Value(std::int64_t{10}));
}

TEST(Explore, WhatBecomesActiveIsDrawnAnew) {
    const auto space = test::share(SearchSpace({{"kind", Categorical{numbers(2)}, Role::mutable_value, {}, {}},
                                                {"x", Real{}, Role::mutable_value, {}, {{0, {1}}}}}));
    ExploreSettings settings;
    settings.categorical_probability = 1;
    std::set<Value> found;
    for (const auto& child : children(space, {Choice{0}, Inactive{}}, settings)) found.insert(child[1]);
    EXPECT_GT(found.size(), 190U);
    EXPECT_FALSE(found.contains(Inactive{}));
}

TEST(Explore, KeepsOutOfWhatIsForbidden) {
    // From (1, 1) both may step, but not to (2, 2) and (0, 0).
    const auto space = test::share(SearchSpace({{"a", Ordinal{numbers(3)}, Role::mutable_value, {}, {}},
                                                {"b", Ordinal{numbers(3)}, Role::mutable_value, {}, {}}},
                                               {Forbidden{{{0, {2}}, {1, {2}}}}, Forbidden{{{0, {0}}, {1, {0}}}}}));
    EXPECT_EQ(children(space, {Choice{1}, Choice{1}}).size(), 200U);
}

TEST(Explore, WithoutParentTheBaseProposes) {
    const auto space = test::cube(2);
    const auto explore = make_explore_sampler(space, 1, {}, make_random_sampler(space, 1));
    EXPECT_EQ(test::proposals(*explore, 5), test::proposals(*make_random_sampler(space, 1), 5));
}

TEST(Explore, RefusesSettingsOutOfRange) {
    const auto refused = [](const char* says, auto change) {
        ExploreSettings settings;
        change(settings);
        const auto space = test::cube(1);
        EXPECT_ERROR(make_explore_sampler(space, 1, settings, make_random_sampler(space, 1)), UserError, says);
    };
    refused("factors must be a list", [](ExploreSettings& s) { s.factors = {}; });
    refused("factors must be a list", [](ExploreSettings& s) { s.factors = {0.8, -1}; });
    refused("unit_step must be a number > 0", [](ExploreSettings& s) { s.unit_step = 0; });
    refused("resample_probability must be a number in 0 .. 1; got 1.5",
            [](ExploreSettings& s) { s.resample_probability = 1.5; });
    refused("categorical_probability must be a number in 0 .. 1; got -0.5",
            [](ExploreSettings& s) { s.categorical_probability = -0.5; });
}

}  // namespace
}  // namespace stemma
