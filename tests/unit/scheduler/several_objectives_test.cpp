// Schedulers with rungs by the order over outcomes.
#include <gmock/gmock.h>

#include "scheduler/asha.hpp"
#include "scheduler/hyperband.hpp"
#include "scheduler/repeated.hpp"
#include "scheduler/sha.hpp"
#include "support/errors.hpp"
#include "unit/scheduler/script.hpp"

namespace stemma::test {
namespace {

using ::testing::ElementsAre;

struct Two {
    double loss;
    double latency;
};

/// 0 and 3 are twins. Of all eight the order is 5 7 0 2 6 3 1 4.
const std::vector<Two> eight{{.45, 14}, {.45, 17}, {.42, 32}, {.45, 14}, {.47, 21}, {.38, 39}, {.39, 34}, {.59, 13}};

Actions report(Script& script, Work work, Two value) {
    event::Report report{{work.member}, work.to, value.loss};
    if (!std::isfinite(value.latency)) report.objective = infinite;
    const double more[] = {value.latency};
    report.more = more;
    return script.say(report);
}

TEST(AshaOfTwoObjectives, PromotesByTheOrderWithACap) {
    Script script(make_asha({.min = 1, .max = 3, .eta = 3, .objectives = 2}));
    std::vector<Work> promoted;
    for (std::uint64_t member = 0; member < eight.size();) {
        const auto work = *script.work();
        if (work.to == 3) {
            promoted.push_back(work);
            continue;  // it trains on elsewhere
        }
        ASSERT_EQ(work.member, member);
        report(script, work, eight[member++]);
    }
    if (const auto work = script.work(); work->to == 3) promoted.push_back(*work);
    EXPECT_THAT(promoted, ElementsAre(Work{2, 3}, Work{5, 3}));
    EXPECT_EQ(script.scheduler().describe(), "ASHA (promotion): eta 3, rungs 1 3, 2 objectives");
}

TEST(AshaOfTwoObjectives, KeepsThoseInTheTopAboveTheDominated) {
    Script script(make_asha({.min = 1, .max = 9, .eta = 3, .objectives = 2}));
    const auto first = *script.work();
    const auto second = *script.work();
    const auto third = *script.work();
    EXPECT_EQ(Script::keep_of(report(script, first, {2, 2}), 0)->priority, .5);
    EXPECT_DOUBLE_EQ(Script::keep_of(report(script, second, {3, 3}), 1)->priority, 1.0 / 3);
    const auto answer = report(script, third, {4, 4});
    EXPECT_EQ(Script::keep_of(answer, 2)->priority, .25);
    EXPECT_FALSE(Script::keep_of(answer, 2)->promotable);
    EXPECT_EQ(Script::keep_of(answer, 0)->priority, .75);
    EXPECT_TRUE(Script::keep_of(answer, 0)->promotable);
}

TEST(AshaOfTwoObjectives, OneObjectiveThatIsNotFiniteIsDiverged) {
    Script script(make_asha({.min = 1, .max = 2, .eta = 2, .objectives = 2}));
    const auto first = *script.work();
    const auto second = *script.work();
    EXPECT_TRUE(Script::released(report(script, first, {.1, infinite}), 0));
    report(script, second, {9, 9});
    EXPECT_EQ(script.work(), (Work{1, 2}));
}

TEST(ShaOfTwoObjectives, TheFirstPlacesOfTheOrderGoUp) {
    Script script(make_sha({.members = 8, .min = 1, .max = 4, .eta = 2}, 2));
    const auto all = script.all_work();
    ASSERT_EQ(all.size(), 8U);
    for (const auto& work : all) report(script, work, eight[work.member]);
    EXPECT_THAT(script.all_work(), ElementsAre(Work{5, 2}, Work{7, 2}, Work{0, 2}, Work{2, 2}));
    EXPECT_EQ(script.scheduler().describe(), "SHA: 8 members, eta 2, rungs 1 2 4, 2 objectives");
}

TEST(ShaOfTwoObjectives, AStoppedMemberIsNotChosen) {
    Script script(make_sha({.members = 8, .min = 1, .max = 4, .eta = 2}, 2));
    const auto all = script.all_work();
    for (const auto& work : all) {
        if (work.member == 7) script.give_up(5);
        report(script, work, eight[work.member]);
    }
    // Without member 5 the front is 0 2 3 6 7, and its best first metric is 6.
    EXPECT_THAT(script.all_work(), ElementsAre(Work{6, 2}, Work{7, 2}, Work{0, 2}, Work{2, 2}));
}

TEST(HyperbandOfTwoObjectives, TheFirstPlacesOfTheOrderGoUp) {
    Script script(make_hyperband({.min = 1, .max = 4, .eta = 2}, 2));
    std::vector<Work> first;
    for (int i = 0; i < 4; ++i) first.push_back(*script.work());
    for (const auto& work : first) report(script, work, {1, 1.0 + static_cast<double>(3 - work.member)});
    EXPECT_EQ(script.work(), (Work{3, 2}));
    EXPECT_EQ(script.work(), (Work{2, 2}));
}

TEST(RepeatsOfTwoObjectives, TheMeanOfEachObjectiveCounts) {
    Script script(make_repeated(make_asha({.min = 1, .max = 2, .eta = 2, .objectives = 2}), 2));
    std::vector<Work> all;
    for (int i = 0; i < 4; ++i) all.push_back(*script.work());
    report(script, all[0], {1, 10});
    report(script, all[1], {3, 0});  // mean (2, 5)
    report(script, all[2], {2, 4});
    report(script, all[3], {2, 5});  // mean (2, 4.5) dominates
    EXPECT_EQ(script.work(), (Work{2, 2}));
    EXPECT_EQ(script.work(), (Work{3, 2}));
}

TEST(SeveralObjectives, TheStoppingVariantTakesOne) {
    EXPECT_FALSE(asha_stopping_descriptor().make_several);
    EXPECT_TRUE(asha_descriptor().make_several);
    EXPECT_TRUE(asha_hyperband_descriptor().make_several);
}

}  // namespace
}  // namespace stemma::test
