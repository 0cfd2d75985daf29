#include "space/grid.hpp"

#include <gtest/gtest.h>

#include <set>

#include "core/error.hpp"
#include "support/errors.hpp"
#include "unit/space/spaces.hpp"

namespace stemma {
namespace {

std::vector<Configuration> walk(const SearchSpace& space, std::uint32_t points) {
    const Grid grid(space, points);
    std::vector<Configuration> all;
    for (auto number = grid.next(0); number < grid.size(); number = grid.next(number + 1))
        all.push_back(grid.at(number));
    return all;
}

TEST(Grid, RangesIncludeTheirBounds) {
    const SearchSpace space({{"lr", Real{1e-4, 1, Scale::log, {}}, Role::fixed, {}, {}}});
    EXPECT_EQ(walk(space, 5), (std::vector<Configuration>{{1e-4}, {1e-3}, {1e-2}, {0.1}, {1.0}}));
    EXPECT_EQ(walk(space, 1), (std::vector<Configuration>{{1e-2}}));
}

TEST(Grid, TheLastParameterMovesFastest) {
    const SearchSpace space({{"a", Categorical{{false, true}}, Role::fixed, {}, {}},
                             {"b", Integer{1, 3, Scale::linear, {}}, Role::fixed, {}, {}}});
    const Grid grid(space, 5);
    ASSERT_EQ(grid.size(), 6U);
    EXPECT_EQ(grid.at(1), (Configuration{Choice{0}, std::int64_t{2}}));
    EXPECT_EQ(grid.at(3), (Configuration{Choice{1}, std::int64_t{1}}));
}

TEST(Grid, WideIntegersAreThinnedAndStepsAreNot) {
    const SearchSpace wide({{"n", Integer{0, 100, Scale::linear, {}}, Role::fixed, {}, {}}});
    EXPECT_EQ(walk(wide, 3), (std::vector<Configuration>{{std::int64_t{0}}, {std::int64_t{50}}, {std::int64_t{100}}}));
    const SearchSpace steps({{"n", Integer{0, 100, Scale::linear, 10}, Role::fixed, {}, {}}});
    EXPECT_EQ(walk(steps, 3).size(), 11U);
    // Several of five points on a log scale from 1 to 6 would be the same integer.
    const SearchSpace narrow({{"n", Integer{1, 6, Scale::log, {}}, Role::fixed, {}, {}}});
    const auto values = walk(narrow, 5);
    EXPECT_EQ(std::set<Configuration>(values.begin(), values.end()).size(), values.size());
}

TEST(Grid, CountsEachActiveCombinationOnce) {
    // lr 2, batch 2, depth 2; optimizer: adam, or sgd with momentum 0 | 0.9 or 0.99 by nesterov 2, less one forbidden.
    const auto all = walk(test::training_space(), 2);
    EXPECT_EQ(all.size(), 2U * 2U * 2U * (1 + 1 + 2 + 1));
    EXPECT_EQ(std::set<Configuration>(all.begin(), all.end()).size(), all.size());
}

TEST(Grid, WalkingVisitsExactlyTheDistinctAllowedPoints) {
    for (std::uint64_t seed = 0; seed < 500; ++seed) {
        const auto space = test::random_space(seed);
        const Grid grid(space, 2);
        if (grid.size() > 5000) continue;
        std::set<Configuration> expected;
        for (std::uint64_t number = 0; number < grid.size(); ++number) {
            if (const auto point = grid.at(number); space.allowed(point)) expected.insert(point);
        }
        const auto all = walk(space, 2);
        EXPECT_EQ(all.size(), expected.size()) << "space " << seed;
        EXPECT_EQ(std::set<Configuration>(all.begin(), all.end()), expected) << "space " << seed;
    }
}

TEST(Grid, JumpsOverWhatInactivityRepeats) {
    std::vector<Parameter> parameters = {{"on", Categorical{{true, false}}, Role::fixed, {}, {}}};
    for (std::uint64_t i = 0; i < 30; ++i) {
        parameters.push_back({test::numbered("x", i), Real{0, 1, Scale::linear, {}}, Role::fixed, {}, {{0, {0}}}});
    }
    const SearchSpace space(std::move(parameters));
    const Grid grid(space, 4);
    EXPECT_EQ(grid.size(), std::uint64_t{1} << 61U);
    const auto off = grid.next(grid.size() / 2);  // everything else is inactive from here on
    EXPECT_EQ(off, grid.size() / 2);
    EXPECT_EQ(grid.next(off + 1), grid.size());
}

TEST(Grid, SizeIsClipped) {
    std::vector<Parameter> parameters;
    for (std::uint64_t i = 0; i < 40; ++i) parameters.push_back({test::numbered("x", i), Real{}, Role::fixed, {}, {}});
    EXPECT_EQ(SearchSpace(std::move(parameters)).grid_size(100), std::uint64_t{1} << 62U);
}

TEST(Grid, NeedsAPoint) {
    EXPECT_ERROR(Grid(test::training_space(), 0), UserError, "at least one point for each parameter; points is 0");
}

TEST(Grid, TheSpacesOwnPointsAreTheGrids) {
    const auto space = test::training_space();
    std::uint64_t distinct = 0;
    for (std::uint64_t number = 0; number < space.grid_size(2); ++number)
        distinct += space.grid_point(number, 2).has_value();
    EXPECT_EQ(distinct, walk(space, 2).size());
    EXPECT_EQ(space.grid_point(space.grid_size(2), 2), std::nullopt);
}

}  // namespace
}  // namespace stemma
