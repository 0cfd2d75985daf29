#include "scheduler/asha.hpp"

#include <cmath>
#include <map>

#include "core/error.hpp"
#include "support/errors.hpp"
#include "unit/scheduler/script.hpp"

namespace stemma::test {
namespace {

TEST(Asha, PromotesTheBestThirdAtOnceAndFromTheTopRungDown) {
    Script asha(make_asha({.min = 1, .max = 9, .eta = 3}));
    std::vector<Work> work;
    for (int i = 0; i < 9; ++i) work.push_back(*asha.work());

    asha.report(work[0], 0.3);
    asha.report(work[1], 0.1);
    asha.report(work[2], 0.2);

    EXPECT_EQ(asha.work(), (Work{1, 3}));
    EXPECT_EQ(asha.work(), (Work{9, 1})) << "no other member is promotable: a new member";
    for (std::size_t i = 3; i < 9; ++i) asha.report(work[i], 0.05);
    EXPECT_EQ(asha.work(), (Work{3, 3}));
    EXPECT_EQ(asha.work(), (Work{4, 3}));
    asha.report({1, 3}, 0.1);
    asha.report({3, 3}, 0.2);
    EXPECT_EQ(asha.work(), (Work{5, 3})) << "three are the top of nine; member 1 fell out of it after its promotion";
    asha.report({4, 3}, 0.3);
    EXPECT_EQ(asha.work(), (Work{1, 9})) << "the highest rung first";
}

TEST(Asha, KeepOrdersByRungThenObjectiveAndTellsWhoMayBePromoted) {
    Script asha(make_asha({.min = 1, .max = 9, .eta = 3}));
    std::vector<Work> work;
    for (int i = 0; i < 3; ++i) work.push_back(*asha.work());

    const auto good = Script::keep_of(asha.report(work[0], -5), 0);
    const auto bad = Script::keep_of(asha.report(work[1], 1e6), 1);
    const auto third = asha.report(work[2], 3);

    EXPECT_GT(good->priority, Script::keep_of(third, 2)->priority);
    EXPECT_GT(Script::keep_of(third, 2)->priority, bad->priority);
    EXPECT_FALSE(good->promotable) << "the top of one is empty";
    EXPECT_TRUE(Script::keep_of(third, 0)->promotable) << "said when the rung was large enough";
    EXPECT_EQ(asha.work(), (Work{0, 3}));
    EXPECT_GT(Script::keep_of(asha.report({0, 3}, 1e9), 0)->priority, good->priority) << "a higher rung is worth more";
}

TEST(Asha, NonFiniteIsReleasedCountsAndIsNeverPromoted) {
    Script asha(make_asha({.min = 1, .max = 9, .eta = 3}));
    std::vector<Work> work;
    for (int i = 0; i < 6; ++i) work.push_back(*asha.work());

    EXPECT_TRUE(Script::released(asha.report(work[0], infinite), 0));
    asha.report(work[1], infinite);
    asha.report(work[2], 7);
    EXPECT_EQ(asha.work(), (Work{2, 3})) << "the diverged ones count in the rung's three";
    for (std::size_t i = 3; i < 6; ++i) asha.report(work[i], infinite);

    EXPECT_EQ(asha.work_without_births(), std::nullopt);
    EXPECT_EQ(asha.scheduler().rungs()[0].finished, 6U);
}

TEST(Asha, GivenUpDoesNotCount) {
    Script asha(make_asha({.min = 1, .max = 9, .eta = 3}));
    std::vector<Work> work;
    for (int i = 0; i < 3; ++i) work.push_back(*asha.work());

    asha.report(work[0], 1);
    asha.report(work[1], 2);
    asha.give_up(2);

    EXPECT_EQ(asha.work(), (Work{3, 1})) << "two finished: the top third is empty";
}

TEST(Asha, IsNotExhaustedWhileAReportMayMakeSomebodyPromotable) {
    Script asha(make_asha({.min = 1, .max = 3, .eta = 2}));
    const auto first = *asha.work();
    const auto second = *asha.work();
    EXPECT_EQ(asha.work_without_births(), std::nullopt);

    asha.report(first, 1);
    EXPECT_FALSE(asha.scheduler().exhausted());
    asha.report(second, 2);
    EXPECT_FALSE(asha.scheduler().exhausted());
    EXPECT_EQ(asha.work(), (Work{0, 2}));
    EXPECT_FALSE(asha.scheduler().exhausted());
    asha.report({0, 2}, 1);
    EXPECT_TRUE(asha.scheduler().exhausted());
}

TEST(Asha, ALargerMaximumMakesTheOldTopRungOneOfMany) {
    Script asha(make_asha({.min = 1, .max = 2, .eta = 2}));
    for (int i = 0; i < 4; ++i) asha.report(*asha.work(), 0);
    for (int i = 0; i < 2; ++i) asha.report(*asha.work(), 0);
    EXPECT_EQ(asha.work_without_births(), std::nullopt);
    EXPECT_TRUE(asha.scheduler().exhausted());

    asha.say(event::Extended{8});

    EXPECT_FALSE(asha.scheduler().exhausted());
    EXPECT_EQ(asha.work(), (Work{0, 4}));
    EXPECT_EQ(asha.scheduler().rungs().size(), 4U);
}

TEST(AshaStopping, GoesOnAtOnceOrEnds) {
    Script asha(make_asha({.min = 1, .max = 9, .eta = 3, .variant = AshaVariant::stopping}));
    std::vector<Work> work;
    for (int i = 0; i < 5; ++i) work.push_back(*asha.work());

    asha.report(work[0], 5);
    EXPECT_EQ(asha.work(), (Work{0, 3})) << "the first one is the best so far";
    EXPECT_TRUE(Script::released(asha.report(work[1], 6), 1));
    EXPECT_TRUE(Script::released(asha.report(work[2], infinite), 2));
    EXPECT_TRUE(Script::released(asha.report(work[3], 5), 3)) << "a tie goes to the older member";
    asha.report(work[4], 4);
    EXPECT_EQ(asha.work(), (Work{4, 3}));
    asha.report({0, 3}, 1);
    EXPECT_EQ(asha.work(), (Work{0, 9}));
}

TEST(AshaStopping, OfEqualsAsManyGoOnAsOfOthers) {
    for (const std::int64_t eta : {2, 3, 4}) {
        Script asha(make_asha({.min = 1, .max = eta * eta, .eta = eta, .variant = AshaVariant::stopping}));
        std::uint64_t members = 0;
        std::uint64_t went_on = 0;
        for (int i = 0; i < 200; ++i) {
            const auto work = *asha.work();
            if (work.to == 1) ++members;
            if (work.to == eta) ++went_on;
            asha.report(work, 0.5);
            EXPECT_LE(went_on, std::max<std::uint64_t>(1, members / static_cast<std::uint64_t>(eta)));
        }
        EXPECT_GE(went_on + 1, members / static_cast<std::uint64_t>(eta));
    }
}

TEST(AshaStopping, EveryoneFiniteGoesOnBelowThePopulation) {
    Script asha(make_asha({.min = 1, .max = 3, .eta = 3, .variant = AshaVariant::stopping, .min_rung_population = 4}));
    std::vector<Work> work;
    for (int i = 0; i < 4; ++i) work.push_back(*asha.work());

    for (std::size_t i = 0; i < 2; ++i) asha.report(work[i], static_cast<double>(i));
    EXPECT_TRUE(Script::released(asha.report(work[2], infinite), 2));
    EXPECT_TRUE(Script::released(asha.report(work[3], 9), 3)) << "the fourth is ranked";

    EXPECT_EQ(asha.work(), (Work{0, 3}));
    EXPECT_EQ(asha.work(), (Work{1, 3}));
}

TEST(AshaBrackets, MembersAreDrawnByBudgetShare) {
    const AshaSettings settings{.min = 1, .max = 27, .eta = 3, .brackets = 4, .seed = 5};
    Script asha(make_asha(settings));
    constexpr int members = 20'000;
    std::map<Resource, int> drawn;
    for (int i = 0; i < members; ++i) {
        const auto to = asha.work()->to;
        ++drawn[to];
        ASSERT_EQ(bracket_plans(settings)[asha.last_create.bracket.value].resources.front(), to);
    }

    double sum = 0;
    for (const auto& plan : bracket_plans(settings)) {
        sum += plan.share;
        const double error = std::sqrt(plan.share * (1 - plan.share) / members);
        EXPECT_NEAR(drawn[plan.resources.front()] / double{members}, plan.share, 5 * error);
        const auto work =
            plan.share * static_cast<double>(plan.resources.front()) * static_cast<double>(plan.resources.size());
        EXPECT_NEAR(work, bracket_plans(settings)[0].share * 4, 1e-12) << "the same training in each";
    }
    EXPECT_NEAR(sum, 1, 1e-12);
}

TEST(AshaBrackets, MoreThanFitAreCut) {
    EXPECT_EQ(bracket_plans({.min = 1, .max = 9, .eta = 3, .brackets = 10}).size(), 3U);
    EXPECT_EQ(bracket_plans({.min = 1, .max = 9, .eta = 3, .early_stopping_rate = 2, .brackets = 10}).size(), 1U);
}

TEST(Asha, RefusesImpossibleSettings) {
    EXPECT_ERROR(make_asha({.min = 0, .max = 9}), UserError, "got min = 0, max = 9, eta = 3");
    EXPECT_ERROR(make_asha({.min = 1, .max = 9, .eta = 1}), UserError,
                 "eta >= 2 and early_stopping_rate >= 0 are needed; got min = 1, max = 9, eta = 1");
    EXPECT_ERROR(make_asha({.min = 1, .max = 9, .eta = 3, .early_stopping_rate = 3}), UserError,
                 "is beyond max = 9: lower early_stopping_rate or raise max");
    EXPECT_ERROR(make_asha({.min = 1, .max = 9, .eta = 3, .brackets = -1}), UserError,
                 "brackets must be >= 0 (0 = all); got -1");
}

TEST(Asha, TakesFewBytesAMember) {
    Script asha(make_asha({.min = 1, .max = 81, .eta = 3}));
    constexpr std::uint64_t members = 100'000;
    for (std::uint64_t i = 0; i < members;) {
        const auto work = *asha.work();
        asha.report(work, static_cast<double>((work.member * 7919) % 104'729));
        i += work.to == 1 ? 1 : 0;
    }
    EXPECT_LT(asha.scheduler().memory_bytes(), members * 100);
    EXPECT_GT(asha.scheduler().memory_bytes(), members * 16);
}

}  // namespace
}  // namespace stemma::test
