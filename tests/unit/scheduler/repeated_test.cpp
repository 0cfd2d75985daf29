#include "scheduler/repeated.hpp"

#include <set>

#include "core/error.hpp"
#include "scheduler/asha.hpp"
#include "scheduler/random_search.hpp"
#include "support/errors.hpp"
#include "unit/scheduler/script.hpp"

namespace stemma::test {
namespace {

std::unique_ptr<Scheduler> pairs() { return make_repeated(make_asha({.min = 1, .max = 3, .eta = 3}), 2); }

TEST(Repeated, EachConfigurationIsBornWithAllItsSeeds) {
    auto scheduler = make_repeated(make_random_search({.max = 5}), 3);
    for (std::uint64_t member = 0; member < 6; ++member) {
        Actions actions;
        scheduler->on(event::WorkWanted{}, actions);
        ASSERT_EQ(actions.size(), 1U);
        const auto same_as = std::get<action::Create>(actions[0]).same_as;
        EXPECT_EQ(same_as, member % 3 == 0 ? MemberId::none() : MemberId{member - member % 3});
        scheduler->on(event::Created{{member}}, actions);
    }
}

TEST(Repeated, ARepeatIsInTheBracketOfItsConfiguration) {
    Script search(make_repeated(make_asha({.min = 1, .max = 27, .eta = 3, .brackets = 4, .seed = 5}), 3));
    std::set<std::uint64_t> brackets;
    for (int configuration = 0; configuration < 50; ++configuration) {
        search.work();
        const auto bracket = search.last_create.bracket;
        brackets.insert(bracket.value);
        for (int repeat = 1; repeat < 3; ++repeat) {
            search.work();
            EXPECT_EQ(search.last_create.bracket, bracket);
        }
    }
    EXPECT_EQ(brackets, (std::set<std::uint64_t>{0, 1, 2, 3}));
}

TEST(Repeated, RanksByTheMean) {
    Script search(pairs());
    for (int i = 0; i < 6; ++i) search.work();
    const double objectives[] = {1, 9, 4, 4, 0, 11};  // means 5, 4, 5.5
    for (std::uint64_t i = 0; i < 5; ++i) search.report({i, 1}, objectives[i]);

    EXPECT_EQ(search.work(), (Work{6, 1})) << "the third group is not complete";
    search.work();
    search.report({5, 1}, objectives[5]);

    EXPECT_EQ(search.work(), (Work{2, 3}));
    EXPECT_EQ(search.work(), (Work{3, 3}));
}

TEST(Repeated, OneNonFiniteSeedSinksItsGroup) {
    Script search(pairs());
    for (int i = 0; i < 2; ++i) search.work();

    search.report({0, 1}, infinite);
    const auto actions = search.report({1, 1}, 0);

    EXPECT_TRUE(Script::released(actions, 0));
    EXPECT_TRUE(Script::released(actions, 1));
}

TEST(Repeated, MeansOfTheLargestDoublesAreRanked) {
    Script search(make_repeated(make_asha({.min = 1, .max = 3, .eta = 2}), 2));
    for (int i = 0; i < 4; ++i) search.work();
    for (std::uint64_t i = 0; i < 4; ++i) search.report({i, 1}, i < 2 ? 1.7e308 : 1.6e308);
    EXPECT_EQ(search.work_without_births(), (Work{2, 2}));
}

TEST(Repeated, AGroupIsGivenUpWhole) {
    Script search(pairs());
    for (int i = 0; i < 2; ++i) search.work();
    search.report({0, 1}, 0);

    EXPECT_TRUE(Script::released(search.give_up(1), 0));
    EXPECT_EQ(search.work_without_births(), std::nullopt);
    EXPECT_TRUE(search.scheduler().exhausted());
    EXPECT_EQ(search.scheduler().rungs()[0].finished, 0U);
}

TEST(Repeated, AGroupThatFailsBeforeItIsCompleteIsNotCompleted) {
    Script search(pairs());
    search.work();
    search.give_up(0);

    Actions actions = search.say(event::WorkWanted{});

    ASSERT_EQ(actions.size(), 1U);
    EXPECT_FALSE(std::get<action::Create>(actions[0]).same_as.exists());
}

TEST(Repeated, OnceIsTheSchedulerItself) {
    EXPECT_EQ(make_repeated(make_random_search({.max = 5}), 1)->describe(), make_random_search({.max = 5})->describe());
    EXPECT_ERROR(make_repeated(make_random_search({.max = 5}), 0), UserError, "repeats must be >= 1; got 0");
}

}  // namespace
}  // namespace stemma::test
