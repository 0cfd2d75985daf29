#include "scheduler/fixed_schedule.hpp"

#include "core/error.hpp"
#include "support/errors.hpp"
#include "unit/scheduler/script.hpp"

namespace stemma::test {
namespace {

/// The birth that a free worker leads to, without an answer.
std::optional<action::Create> wanted(Script& search) {
    for (const auto& action : search.say(event::WorkWanted{})) {
        if (const auto* create = std::get_if<action::Create>(&action)) return *create;
    }
    return std::nullopt;
}

TEST(FixedSchedule, EachStageContinuesTheOneBefore) {
    Script search(make_fixed_schedule({{3, 5, 9}}));
    const auto first = wanted(search);
    ASSERT_TRUE(first);
    EXPECT_EQ(first->to, 3);
    EXPECT_FALSE(first->parent.exists());
    EXPECT_EQ(first->cause, BirthCause::sampled);
    search.say(event::Created{{0}});
    EXPECT_FALSE(wanted(search)) << "one at a time";

    const auto kept = search.report({0, 3}, 1);
    EXPECT_TRUE(Script::keep_of(kept, 0));
    const auto second = wanted(search);
    ASSERT_TRUE(second);
    EXPECT_EQ(second->to, 5);
    EXPECT_EQ(second->parent, MemberId{0});
    EXPECT_EQ(second->generation, 1U);
    EXPECT_EQ(second->cause, BirthCause::adoption);
    search.say(event::Created{{1}});
    EXPECT_TRUE(Script::released(search.report({1, 5}, 1), 0));

    EXPECT_EQ(wanted(search)->parent, MemberId{1});
    search.say(event::Created{{2}});
    search.report({2, 9}, 1);
    EXPECT_TRUE(search.scheduler().exhausted());
}

TEST(FixedSchedule, AFailedStageIsTriedAgainFromTheSameParent) {
    Script search(make_fixed_schedule({{3, 5}}));
    search.report(*search.work(), 1);
    search.give_up(search.work()->member);
    EXPECT_EQ(wanted(search)->parent, MemberId{0});
    search.say(event::Created{{2}});
    EXPECT_TRUE(Script::released(search.report({2, 5}, infinite), 2));
    EXPECT_EQ(wanted(search)->parent, MemberId{0});
}

TEST(FixedSchedule, WithoutItsParentTheLineageBeginsAgain) {
    Script search(make_fixed_schedule({{3, 5}}));
    search.report(*search.work(), 1);
    ASSERT_TRUE(wanted(search));
    search.say(event::ParentLost{{0}});
    const auto again = wanted(search);
    ASSERT_TRUE(again);
    EXPECT_FALSE(again->parent.exists());
    EXPECT_EQ(again->to, 3);
}

TEST(FixedSchedule, AParentThatGoesWhileItsChildTrainsIsMissedOnlyIfTheChildFails) {
    Script search(make_fixed_schedule({{3, 5, 7}}));
    search.report(*search.work(), 1);
    const auto child = *search.work();
    search.give_up(0);
    search.report(child, 1);
    EXPECT_EQ(wanted(search)->parent, MemberId{1});
    search.say(event::Created{{2}});
    search.give_up(1);
    search.give_up(2);
    EXPECT_FALSE(wanted(search)->parent.exists());
}

TEST(FixedSchedule, TenFailuresEndItUntilItIsExtended) {
    Script search(make_fixed_schedule({{3}}));
    for (int i = 0; i < 10; ++i) {
        ASSERT_FALSE(search.scheduler().exhausted());
        search.report(*search.work(), infinite);
    }
    EXPECT_TRUE(search.scheduler().exhausted());
    search.say(event::Extended{3});
    EXPECT_FALSE(search.scheduler().exhausted());
}

TEST(FixedSchedule, ALargerResourceIsForTheLastMember) {
    Script search(make_fixed_schedule({{3, 5}}));
    search.report(*search.work(), 1);
    search.report(*search.work(), 1);
    search.say(event::Extended{20});
    EXPECT_EQ(search.work(), (Work{1, 20}));
    search.report({1, 20}, 1);
    EXPECT_TRUE(search.scheduler().exhausted());
}

TEST(FixedSchedule, RowsCountTheStages) {
    Script search(make_fixed_schedule({{3, 5}}));
    search.report(*search.work(), 1);
    search.work();
    const auto rows = search.scheduler().rungs();
    ASSERT_EQ(rows.size(), 2U);
    EXPECT_EQ(rows[0].finished, 1U);
    EXPECT_EQ(rows[0].promoted, 1U);
    EXPECT_EQ(rows[1].resource, 5);
    EXPECT_EQ(rows[1].entered, 1U);
    EXPECT_EQ(rows[1].finished, 0U);
}

TEST(FixedSchedule, RefusesSchedulesThatDoNotGoForward) {
    EXPECT_ERROR(make_fixed_schedule({}), UserError, "needs at least one stage; add a [[schedule]]");
    EXPECT_ERROR(make_fixed_schedule({{0}}), UserError, "stage 1 ends at 0; it must end after 0");
    EXPECT_ERROR(make_fixed_schedule({{3, 3}}), UserError, "stage 2 ends at 3; it must end after 3");
    EXPECT_ERROR(make_fixed_schedule({{3, 2}}), UserError, "stage 2 ends at 2; it must end after 3");
}

}  // namespace
}  // namespace stemma::test
