#include "sampler/combinations.hpp"

#include <gtest/gtest.h>

#include <set>

#include "sampler/tried.hpp"
#include "unit/sampler/fixtures.hpp"

namespace stemma {
namespace {

constexpr std::uint64_t limit = std::uint64_t{1} << 20U;

std::set<Configuration> visited(const Combinations& combinations, const std::vector<double>& unit) {
    std::set<Configuration> all;
    combinations.visit(unit, limit, [&](const Configuration& one) {
        EXPECT_TRUE(all.insert(one).second) << "visited twice";
        return false;
    });
    return all;
}

/// The allowed configurations of a space with steps alone, from each point of the full grid.
std::set<Configuration> by_force(const SearchSpace& space) {
    std::set<Configuration> all;
    std::uint64_t points = 1;
    for (std::size_t i = 0; i < space.size(); ++i) points *= space.axis(i).count();
    for (std::uint64_t number = 0; number < points; ++number) {
        auto rest = number;
        std::vector<double> unit(space.size());
        for (std::size_t i = 0; i < space.size(); ++i) {
            const auto& axis = space.axis(i);
            unit[i] = axis.to_unit(axis.at(rest % axis.count()));
            rest /= axis.count();
        }
        auto configuration = space.from_unit(unit);
        if (space.allowed(configuration)) all.insert(std::move(configuration));
    }
    return all;
}

/// Parameters of two to four values, with conditions and forbidden clauses on earlier ones.
SearchSpace finite_space(std::uint64_t seed) {
    Stream random(seed, Purpose::test);
    std::vector<Parameter> parameters;
    const auto condition = [&](std::size_t before) {
        const auto on = random.below(before);
        return Condition{on, {static_cast<std::uint32_t>(random.below(2))}};
    };
    for (std::size_t i = 0; i < 6; ++i) {
        std::vector<Literal> values;
        for (std::uint64_t value = 0; value < 2 + random.below(3); ++value)
            values.emplace_back(static_cast<std::int64_t>(value));
        if (values.size() < 2) values.emplace_back(std::int64_t{7});
        parameters.push_back({test::numbered("p", i), Categorical{values}, Role::fixed, {}, {}});
        if (i > 0 && random.uniform() < 0.5) parameters.back().when.push_back(condition(i));
    }
    std::vector<Forbidden> forbidden;
    for (std::uint64_t clause = 0; clause < random.below(4); ++clause) {
        const auto first = condition(3);
        forbidden.push_back({{first, Condition{3 + random.below(3), {1}}}});
    }
    return SearchSpace(std::move(parameters), std::move(forbidden));
}

TEST(Combinations, AreThoseOfTheFullGrid) {
    for (std::uint64_t seed = 0; seed < 200; ++seed) {
        const auto space = test::share(finite_space(seed));
        const Combinations combinations(space);
        const auto expected = by_force(*space);
        EXPECT_EQ(combinations.count(limit, limit), expected.size()) << seed;
        Stream random(seed, Purpose::test, 1);
        std::vector<double> unit(space->size());
        for (int repeat = 0; repeat < 3; ++repeat) {
            EXPECT_EQ(visited(combinations, unit), expected) << seed;
            for (auto& coordinate : unit) coordinate = random.uniform();
        }
    }
}

TEST(Combinations, CostNoWorkWhereNothingDependsOnThem) {
    std::vector<Parameter> parameters;
    for (std::size_t i = 0; i < 20; ++i)
        parameters.push_back({test::numbered("flag", i), Categorical{{false, true}}, Role::fixed, {}, {}});
    const Combinations combinations(test::share(SearchSpace(std::move(parameters))));
    EXPECT_EQ(combinations.count(limit, 0), limit);
    EXPECT_EQ(combinations.count(limit - 1, 0), limit) << "more than the limit";
    EXPECT_EQ(combinations.count(1000, 0), 1001U);
}

TEST(Combinations, ForbiddenBranchesEndWhereTheClauseIsDecided) {
    // Of 2^40 combinations 2^6 are allowed.
    std::vector<Parameter> parameters;
    std::vector<Forbidden> forbidden;
    for (std::size_t i = 0; i < 40; ++i) {
        parameters.push_back({test::numbered("flag", i), Categorical{{false, true}}, Role::fixed, {}, {}});
        if (i % 7 != 0) forbidden.push_back({{{i, {1}}}});
    }
    const Combinations combinations(test::share(SearchSpace(std::move(parameters), std::move(forbidden))));
    EXPECT_EQ(combinations.count(limit, 68), 64U);
    EXPECT_FALSE(combinations.count(limit, 67)) << "two values for each of 34 parameters";
    EXPECT_EQ(visited(combinations, std::vector<double>(40, 0.9)).size(), 64U);
}

TEST(Combinations, AnActiveRangeHasNoNumber) {
    const auto space = [](std::vector<Forbidden> forbidden) {
        return test::share(SearchSpace(
            {{"kind", Categorical{{false, true}}, Role::fixed, {}, {}}, {"x", Real{}, Role::fixed, {}, {{0, {1}}}}},
            std::move(forbidden)));
    };
    EXPECT_EQ(Combinations(space({})).count(limit, limit), limit + 1);
    EXPECT_EQ(Combinations(space({Forbidden{{{0, {1}}}}})).count(limit, limit), 1U) << "it is never active";
    EXPECT_EQ(visited(Combinations(space({})), {0.2, 0.25}).count({Choice{1}, 0.25}), 1U);
}

TEST(Combinations, TheWorkIsBounded) {
    const Combinations combinations(test::flags_decided_last(30));
    EXPECT_FALSE(combinations.count(limit, 10'000));
    int found = 0;
    combinations.visit(std::vector<double>(30, 0.9), 10'000, [&](const Configuration&) { return ++found > 0; });
    EXPECT_EQ(found, 0);
}

}  // namespace
}  // namespace stemma
