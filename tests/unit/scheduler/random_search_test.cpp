#include "scheduler/random_search.hpp"

#include <limits>

#include "core/error.hpp"
#include "support/errors.hpp"
#include "unit/scheduler/script.hpp"

namespace stemma::test {
namespace {

TEST(RandomSearch, TrainsEveryoneToTheEnd) {
    Script search(make_random_search({.max = 7}));

    EXPECT_EQ(search.work(), (Work{0, 7}));
    EXPECT_EQ(search.work(), (Work{1, 7}));
    EXPECT_EQ(search.work_without_births(), std::nullopt);
    EXPECT_FALSE(search.scheduler().exhausted());
    EXPECT_TRUE(Script::keep_of(search.report({0, 7}, 1), 0));
    EXPECT_TRUE(Script::released(search.report({1, 7}, std::numeric_limits<double>::infinity()), 1));

    EXPECT_TRUE(search.scheduler().exhausted());
    EXPECT_EQ(search.scheduler().rungs()[0].finished, 2U);
}

TEST(RandomSearch, FinishedMembersGoOnToALargerMaximumFirst) {
    Script search(make_random_search({.max = 7}));
    for (int i = 0; i < 4; ++i) search.work();
    search.report({2, 7}, 1);
    search.report({1, 7}, 1);
    search.report({3, 7}, 1);
    search.give_up(1);

    search.say(event::Extended{9});
    search.report({0, 7}, 1);

    EXPECT_EQ(search.work(), (Work{2, 9}));
    EXPECT_EQ(search.work(), (Work{3, 9}));
    EXPECT_EQ(search.work(), (Work{0, 9})) << "it was in training when the maximum was raised";
    EXPECT_EQ(search.work(), (Work{4, 9}));
}

TEST(RandomSearch, RefusesANonPositiveMaximum) {
    EXPECT_ERROR(make_random_search({.max = 0}), UserError, "max must be an integer in 1 .. 1000000000000000; got 0");
}

}  // namespace
}  // namespace stemma::test
