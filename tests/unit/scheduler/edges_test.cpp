// Rules of one line each: a change of one sign or one statement would break them.
#include <gmock/gmock.h>

#include "scheduler/asha.hpp"
#include "scheduler/fixed_schedule.hpp"
#include "scheduler/gpbt.hpp"
#include "scheduler/pasha.hpp"
#include "scheduler/pbt.hpp"
#include "scheduler/random_search.hpp"
#include "scheduler/repeated.hpp"
#include "scheduler/retention.hpp"
#include "scheduler/sha.hpp"
#include "unit/scheduler/population.hpp"

namespace stemma::test {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

TEST(Edges, RandomSearchCountsWhoEntered) {
    Script search(make_random_search({.max = 7}));
    search.work();
    search.work();
    EXPECT_EQ(search.scheduler().rungs()[0].entered, 2U);
}

TEST(Edges, AFinishedMemberThatIsGivenUpWasNotInTraining) {
    Script search(make_random_search({.max = 7}));
    search.work();
    search.work();
    search.report({0, 7}, 1);
    search.give_up(0);
    search.say(event::NoMoreMembers{});
    EXPECT_FALSE(search.scheduler().exhausted()) << "member 1 trains";
    search.give_up(1);
    EXPECT_TRUE(search.scheduler().exhausted());
}

TEST(Edges, AshaNamesItsBracketsOnlyWhereThereAreSeveral) {
    EXPECT_THAT(make_asha({.min = 1, .max = 9, .eta = 3})->describe(), Not(HasSubstr("bracket")));
    EXPECT_THAT(make_asha({.min = 1, .max = 3, .eta = 3, .brackets = 0})->describe(), HasSubstr(", 2 brackets"));
}

TEST(Edges, OfTwoBracketsBothGetMembers) {
    Script search(make_asha({.min = 1, .max = 3, .eta = 3, .brackets = 0}));
    std::size_t whole = 0;
    for (int i = 0; i < 100; ++i) whole += search.work()->to == 3 ? 1 : 0;
    EXPECT_GT(whole, 0U);
    EXPECT_LT(whole, 100U);
}

TEST(Edges, OfTheHighestRungNoMemberIsPromoted) {
    Script search(make_asha({.min = 1, .max = 3, .eta = 3}));
    for (std::uint64_t i = 0; i < 3; ++i) search.report(*search.work(), 1.0 / static_cast<double>(i + 1));
    search.report(*search.work(), 0.1);
    const auto rows = search.scheduler().rungs();
    EXPECT_EQ(rows[0].promoted, 1U);
    EXPECT_EQ(rows[1].finished, 1U);
    EXPECT_EQ(rows[1].promoted, 0U);
}

TEST(Edges, ABracketWhoseMembersAreRefusedLateGoesOnAtOnceWithItsBest) {
    Script sha(make_sha({.members = 9, .min = 1, .max = 9, .eta = 3}));
    for (std::uint64_t i = 0; i < 3; ++i) sha.report(*sha.work(), 3.0 - static_cast<double>(i));
    EXPECT_EQ(sha.work_without_births(), (Work{2, 3})) << "no report is still to come";
}

TEST(Edges, AnExtensionAsksForMembersAgain) {
    Script sha(make_sha({.members = 3, .min = 1, .max = 9, .eta = 3, .repeat_brackets = true}));
    sha.work();
    EXPECT_EQ(sha.work_without_births(), std::nullopt);
    sha.say(event::Extended{9});
    EXPECT_EQ(sha.work(), (Work{1, 1}));
}

TEST(Edges, PashaWithOneRungUnlocksTheNextWhenItIsExtended) {
    Script search(make_pasha({.min = 1, .max = 1, .eta = 3}));
    EXPECT_THAT(search.scheduler().describe(), HasSubstr("unlocked up to 1"));
    search.say(event::Extended{3});
    EXPECT_THAT(search.scheduler().describe(), HasSubstr("unlocked up to 3"));
    for (std::uint64_t i = 0; i < 3; ++i) search.report(*search.work(), static_cast<double>(i));
    EXPECT_EQ(search.work(), (Work{0, 3}));
}

TEST(Edges, EpsilonLiesBetweenTwoNeighbors) {
    std::vector<double> differences;
    for (int i = 0; i < 12; ++i) differences.push_back(i * i);
    EXPECT_DOUBLE_EQ(pasha_epsilon(differences), 81 + 0.9 * (100 - 81)) << "at 0.9 * 11 = 9.9";
}

TEST(Edges, ARepeatedMemberIsCountedAnewInEachRung) {
    Script search(make_repeated(make_asha({.min = 1, .max = 3, .eta = 3}), 2));
    for (int i = 0; i < 6; ++i) search.work();
    for (std::uint64_t i = 0; i < 6; ++i) search.report({i, 1}, static_cast<double>(i));
    for (int i = 0; i < 2; ++i) search.report(*search.work(), 1);
    EXPECT_EQ(search.scheduler().rungs()[1].finished, 1U);
}

TEST(Edges, ReplayExpectsOneMemberInEachStage) {
    const auto rows = expected_rungs(FixedScheduleSettings{{3, 5}}, 0);
    ASSERT_EQ(rows.size(), 2U);
    for (const auto& row : rows) {
        EXPECT_EQ(row.entered, 1U);
        EXPECT_EQ(row.finished, 1U);
    }
    EXPECT_EQ(rows[0].promoted, 1U);
    EXPECT_EQ(rows[1].promoted, 0U);
}

TEST(Edges, ReplayThatWasRefusedGoesOnWhenItIsExtended) {
    Script search(make_fixed_schedule({{3, 5}}));
    EXPECT_EQ(search.work_without_births(), std::nullopt);
    EXPECT_TRUE(search.scheduler().exhausted());
    search.say(event::Extended{5});
    EXPECT_EQ(search.work(), (Work{0, 3}));
}

TEST(Edges, MembersGivenUpAreFailuresOfAReplay) {
    Script search(make_fixed_schedule({{3}}));
    for (int i = 0; i < 10; ++i) {
        ASSERT_FALSE(search.scheduler().exhausted());
        search.give_up(search.work()->member);
    }
    EXPECT_TRUE(search.scheduler().exhausted());
}

TEST(Edges, AReplayWhoseFirstStageIsLostBeginsAgainIfTheSecondFails) {
    Script search(make_fixed_schedule({{3, 5}}));
    search.report(*search.work(), 1);
    const auto child = *search.work();
    search.give_up(0);
    search.give_up(child.member);
    EXPECT_EQ(search.work()->to, 3);
}

// ---- GPBT ----------------------------------------------------------------------------------------------------------

GpbtSettings small_gpbt() {
    GpbtSettings settings;
    settings.children = 4;
    settings.ratio = 1;
    settings.interval = 3;
    settings.max = 15;
    settings.founders = 1;
    settings.patience = 0;
    return settings;
}

TEST(Edges, GpbtNamesItsFoundersWhereTheyAreNotAsManyAsTheChildren) {
    auto settings = small_gpbt();
    EXPECT_THAT(make_gpbt(settings)->describe(), Not(HasSubstr("founders")));
    settings.founders = 1.5;
    EXPECT_THAT(make_gpbt(settings)->describe(), HasSubstr(", 6 founders"));
}

TEST(Edges, OfTwoChildrenOneTellsHowLongTheOtherMayTake) {
    auto settings = small_gpbt();
    settings.children = 2;
    settings.patience = 2;
    Population population(make_gpbt(settings));
    population.now = 10;
    const auto all = population.all_work();
    ASSERT_EQ(all.size(), 2U);
    population.now = 13;
    population.report(all[0], 0.3);
    EXPECT_EQ(population.scheduler().next_deadline(), 10 + 2 * 3);
}

TEST(Edges, ADeadlineMayBeShorterThanASecond) {
    auto settings = small_gpbt();
    settings.deadline = 0.5;
    Population population(make_gpbt(settings));
    population.now = 10;
    population.work();
    EXPECT_EQ(population.scheduler().next_deadline(), 10.5);
}

TEST(Edges, ParentsAreKeptAsThoseThatGoOnForCertain) {
    Population population(make_gpbt(small_gpbt()));
    const auto all = population.all_work();
    ASSERT_EQ(all.size(), 4U);
    const double objectives[] = {0.4, 0.1, 0.5, 0.2};
    Actions closing;
    for (std::size_t i = 0; i < all.size(); ++i) closing = population.report(all[i], objectives[i]);
    const auto parent = Script::keep_of(closing, 1);
    ASSERT_TRUE(parent);
    EXPECT_GE(parent->priority, certain_to_go_on);
    EXPECT_TRUE(parent->promotable);
}

TEST(Edges, WhatGpbtTellsOfItself) {
    const auto descriptor = gpbt_descriptor();
    auto settings = small_gpbt();
    EXPECT_TRUE(descriptor.plan(settings).whole);
    EXPECT_EQ(descriptor.wants(settings, true).count, 4U + 4 * (4 - 2)) << "each of two parents repeats once";
    settings.repeat_child = false;
    EXPECT_EQ(descriptor.wants(settings, true).count, 4U + 4 * 4);
    settings.interval = 1;
    settings.max = 1'000'000;
    EXPECT_EQ(descriptor.wants(settings, true).count, 4U + 999'999U * 4);
    settings.max = 1'000'001;
    EXPECT_EQ(descriptor.wants(settings, true).count, wants_no_end);

    for (const auto& [children, ratio] : {std::pair(8U, 4.0), {3U, 3.0}}) {
        settings.children = children;
        settings.ratio.reset();
        std::any completed = settings;
        descriptor.complete(completed);
        EXPECT_EQ(std::any_cast<GpbtSettings>(completed).ratio, ratio);
    }
}

// ---- PBT -----------------------------------------------------------------------------------------------------------

PbtSettings small_pbt(std::uint32_t population, std::uint32_t backtrack_after = 0) {
    PbtSettings settings;
    settings.population = population;
    settings.max = 100;
    settings.backtrack_after = backtrack_after;
    settings.bottom = settings.top = 0.5;
    return settings;
}

TEST(Edges, PbtTellsAfterHowManyReportsALineageGoesBack) {
    EXPECT_THAT(make_pbt(small_pbt(2))->describe(), Not(HasSubstr("worse report")));
    EXPECT_THAT(make_pbt(small_pbt(2, 1))->describe(), HasSubstr("1 worse report"));
    EXPECT_THAT(make_pbt(small_pbt(2, 1))->describe(), Not(HasSubstr("reports")));
    EXPECT_THAT(make_pbt(small_pbt(2, 2))->describe(), HasSubstr("2 worse reports"));
}

TEST(Edges, WithBacktrackingPbtKeepsTwoSnapshotsForEachSlot) {
    EXPECT_EQ(pbt_descriptor().plan(small_pbt(5)).snapshots, 5U);
    EXPECT_EQ(pbt_descriptor().plan(small_pbt(5, 1)).snapshots, 10U);
}

TEST(Edges, ASlotIsClosedAfterTenDeathsAndAfterTenMoreWhenItIsExtended) {
    Script search(make_pbt(small_pbt(1)));
    for (const Resource max : {100, 200}) {
        search.say(event::Extended{max});
        int deaths = 0;
        for (auto work = search.work(); work; work = search.work()) {
            search.report(*work, infinite);
            ++deaths;
        }
        EXPECT_EQ(deaths, 10);
        EXPECT_TRUE(search.scheduler().exhausted());
    }
}

TEST(Edges, ALineageThatIsFinishedReleasesItsBest) {
    auto settings = small_pbt(1, 5);
    settings.max = 2;
    Population population(make_pbt(settings));
    population.report(*population.work(), 0.5);
    const auto child = *population.work();
    ASSERT_EQ(child.to, 2);
    EXPECT_TRUE(Script::released(population.report(child, 0.6), 0));
}

/// Two lineages with a best of their own; then the first reports worse than the second.
Population two_lineages(double first_best, double second) {
    auto settings = small_pbt(2, 3);
    settings.burn_in = 2;
    Population population(make_pbt(settings));
    population.begin({first_best, second});
    const auto children = population.all_work();
    EXPECT_EQ(children.size(), 2U);
    EXPECT_EQ(children[0].cause, BirthCause::continuation);
    population.report(children[0], 0.9);
    return population;
}

TEST(Edges, NoLineageLeavesABestThatIsBetterThanTheDonor) {
    auto population = two_lineages(0.1, 0.3);
    const auto next = population.work();
    ASSERT_TRUE(next);
    EXPECT_FALSE(next->born);
    EXPECT_EQ(next->member, 2U);
}

TEST(Edges, ALineageLeavesABestThatIsOnlyAsGoodAsTheDonor) {
    auto population = two_lineages(0.3, 0.3);
    const auto next = population.work();
    ASSERT_TRUE(next);
    EXPECT_TRUE(next->born);
    EXPECT_EQ(next->parent, 1U);
}

TEST(Edges, AfterTheLastBirthEachLineageTrainsOnAtItsOwnTurn) {
    auto settings = small_pbt(2, 5);
    settings.burn_in = 50;
    Script search(make_pbt(settings));
    const auto all = search.all_work();
    for (const auto& work : all) search.report(work, 0.5);
    EXPECT_EQ(search.work_without_births(), (Work{0, 2}));
    EXPECT_EQ(search.work_without_births(), (Work{1, 2}));
}

TEST(Edges, ATournamentIsAgainstAnyOtherSlotByTheSeed) {
    auto settings = small_pbt(3);
    settings.selection = PbtSelection::binary_tournament;
    int lost = 0;
    for (std::uint64_t seed = 0; seed < 20; ++seed) {
        Population population(pbt_descriptor().make(settings, seed));
        const auto all = population.all_work();
        population.report(all[2], 0.9);
        population.report(all[0], 0.1);
        lost += gives_up(population.report(all[1], 0.5), 1) ? 1 : 0;
    }
    EXPECT_GT(lost, 0) << "to the better one";
    EXPECT_LT(lost, 20) << "not to the worse one";
}

}  // namespace
}  // namespace stemma::test
