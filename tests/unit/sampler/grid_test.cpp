#include "sampler/grid.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>
#include <vector>

#include "core/error.hpp"
#include "support/errors.hpp"
#include "unit/sampler/fixtures.hpp"

namespace stemma {
namespace {

TEST(GridSampler, GivesEachPointOnceThenNothing) {
    const auto space = test::share(test::training_space());
    const auto sampler = make_grid_sampler(space, {.points = 2}, 1);
    const auto all = test::proposals(*sampler, 1000);
    EXPECT_EQ(all.size(), 40U);
    EXPECT_EQ(std::set<Configuration>(all.begin(), all.end()).size(), all.size());
    EXPECT_EQ(sampler->propose({{1000}, 1000, {}}), std::nullopt);
    EXPECT_EQ(sampler->propose({{1001}, 1001, {}}), std::nullopt);
}

TEST(GridSampler, ShufflingKeepsTheSetAndChangesTheOrder) {
    const auto space = test::share(test::training_space());
    const auto plain = test::proposals(*make_grid_sampler(space, {.points = 2}, 1), 1000);
    const auto shuffled = test::proposals(*make_grid_sampler(space, {.points = 2, .shuffle = true}, 1), 1000);
    const auto again = test::proposals(*make_grid_sampler(space, {.points = 2, .shuffle = true}, 1), 1000);
    const auto other = test::proposals(*make_grid_sampler(space, {.points = 2, .shuffle = true}, 2), 1000);
    EXPECT_NE(shuffled, plain);
    EXPECT_EQ(shuffled, again);
    EXPECT_NE(shuffled, other);
    EXPECT_EQ(std::set<Configuration>(shuffled.begin(), shuffled.end()),
              std::set<Configuration>(plain.begin(), plain.end()));
}

TEST(GridSampler, LeavesOutWhatSomebodyElseProposes) {
    const auto space = test::share(test::training_space());
    for (const bool shuffle : {false, true}) {
        auto all = test::proposals(*make_grid_sampler(space, {.points = 2}, 1), 1000);
        const std::vector<Configuration> skipped{all[0], all[7], all.back()};
        const auto rest =
            test::proposals(*make_grid_sampler(space, {.points = 2, .skipped = skipped, .shuffle = shuffle}, 1), 1000);
        std::erase_if(all, [&](const auto& point) { return std::ranges::find(skipped, point) != skipped.end(); });
        EXPECT_EQ(std::set<Configuration>(rest.begin(), rest.end()), std::set<Configuration>(all.begin(), all.end()));
        EXPECT_EQ(rest.size(), all.size());
    }
}

TEST(GridSampler, IsEmptyWhereEverythingIsForbidden) {
    EXPECT_EQ(make_grid_sampler(test::nothing_allowed(), {}, 1)->propose({{0}, 0, {}}), std::nullopt);
}

TEST(GridSampler, RefusesSettingsThatCannotWork) {
    EXPECT_ERROR(make_grid_sampler(test::cube(2), {.points = 0}, 1), UserError,
                 "at least one point for each parameter; points is 0");
    EXPECT_ERROR(make_grid_sampler(test::cube(12), {.points = 10, .shuffle = true}, 1), UserError,
                 "is too large to shuffle");
    EXPECT_NO_THROW(make_grid_sampler(test::cube(12), {.points = 10}, 1));
}

}  // namespace
}  // namespace stemma
