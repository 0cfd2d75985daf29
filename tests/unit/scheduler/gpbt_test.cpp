#include "scheduler/gpbt.hpp"

#include <cmath>

#include "contract/scheduler/driver.hpp"
#include "core/error.hpp"
#include "support/errors.hpp"
#include "unit/scheduler/population.hpp"

namespace stemma::test {
namespace {

using Ids = std::vector<std::uint64_t>;

/// n = 4, c = 1: two parents with two children each.
GpbtSettings two_by_two() {
    GpbtSettings settings;
    settings.children = 4;
    settings.ratio = 1;
    settings.interval = 3;
    settings.max = 15;
    settings.founders = 1;
    settings.parents_compete = true;
    settings.patience = 0;
    return settings;
}

/// n = 4, c = 4: one parent, as published.
GpbtSettings one_by_four() {
    auto settings = two_by_two();
    settings.ratio = 4;
    return settings;
}

TEST(Gpbt, CountsParentsAsThePaperDoes) {
    const auto parents = [](std::uint32_t n, double c) {
        GpbtSettings settings;
        settings.children = n;
        settings.ratio = c;
        return gpbt_parents(settings);
    };
    EXPECT_EQ(parents(4, 4), 1U);
    EXPECT_EQ(parents(4, 1), 2U);
    EXPECT_EQ(parents(16, 4), 2U);
    EXPECT_EQ(parents(15, 4), 1U);
    EXPECT_EQ(parents(36, 4), 3U);
    EXPECT_EQ(parents(4, 0.25), 4U);
}

TEST(Gpbt, TheBestParentGetsTheRemainder) {
    using Sizes = std::vector<std::uint32_t>;
    EXPECT_EQ(gpbt_family_sizes(4, 1), (Sizes{4}));
    EXPECT_EQ(gpbt_family_sizes(9, 3), (Sizes{3, 3, 3}));
    EXPECT_EQ(gpbt_family_sizes(10, 3), (Sizes{4, 3, 3}));
    EXPECT_EQ(gpbt_family_sizes(11, 3), (Sizes{3, 4, 4})) << "round(11 / 3) = 4";
    EXPECT_EQ(gpbt_family_sizes(11, 7), (Sizes{5, 1, 1, 1, 1, 1, 1})) << "2 each would leave less than none";
    EXPECT_EQ(gpbt_family_sizes(4, 4), (Sizes{1, 1, 1, 1}));
}

TEST(Gpbt, TheBestBecomeParentsAndOneChildRepeats) {
    Population population(make_gpbt(two_by_two()));
    const auto first = population.all_work();
    ASSERT_EQ(first.size(), 4U);
    for (const auto& given : first) {
        EXPECT_EQ(given.parent, nobody);
        EXPECT_EQ(given.to, 3);
    }
    population.report(first[0], 0.4);
    population.report(first[1], 0.1);
    EXPECT_TRUE(Script::released(population.report(first[2], 0.5), 2)) << "two are better: never a parent";
    EXPECT_TRUE(population.all_work().empty()) << "the generation is not closed";
    EXPECT_TRUE(Script::released(population.report(first[3], 0.2), 0));
    const auto second = population.all_work();
    EXPECT_EQ(population.selected, (std::map<std::uint32_t, Ids>{{1, {1, 3}}})) << "best first";
    EXPECT_EQ(parents_of(second), (Ids{1, 3, 1, 3})) << "in turn";
    EXPECT_EQ(second[0].same_as, 1U);
    EXPECT_EQ(second[1].same_as, 3U);
    EXPECT_EQ(second[2].same_as, nobody);
    EXPECT_EQ(second[0].to, 6);
    EXPECT_EQ(second[0].generation, 1U);
}

TEST(Gpbt, AKeptParentRepeatsNothingAndItsTimeStandsStill) {
    Population population(make_gpbt(two_by_two()));
    population.begin({0.4, 0.1, 0.5, 0.2});
    // Children 4, 6 of 1 and 5, 7 of 3: the best two of all are parent 1 (0.1) and child 5.
    population.begin({0.3, 0.15, 0.6, 0.7});
    const auto third = population.all_work();
    EXPECT_EQ(population.selected[2], (Ids{1, 5}));
    EXPECT_EQ(parents_of(third), (Ids{1, 5, 1, 5}));
    EXPECT_EQ(third[0].same_as, nobody) << "kept: its hyperparameters were tried";
    EXPECT_EQ(third[1].same_as, 5U);
    EXPECT_EQ(third[2].same_as, nobody);
    EXPECT_EQ(third[0].to, 6) << "from where the kept parent is";
    EXPECT_EQ(third[1].to, 9);
}

TEST(Gpbt, AmongChildrenOnlyAParentNeverReturns) {
    auto settings = two_by_two();
    settings.parents_compete = false;
    Population population(make_gpbt(settings));
    population.begin({0.4, 0.1, 0.5, 0.2});
    population.begin({0.3, 0.15, 0.6, 0.7});
    EXPECT_EQ(parents_of(population.all_work()), (Ids{5, 4, 5, 4}));
}

TEST(Gpbt, MoreFoundersThanChildren) {
    auto settings = one_by_four();
    settings.founders = 7.0 / 4;
    Population population(make_gpbt(settings));
    EXPECT_EQ(population.all_work().size(), 7U);
    for (std::uint64_t member = 0; member < 7; ++member)
        population.say(event::Report{{member}, 3, member == 5 ? 0.1 : 0.5});
    EXPECT_EQ(parents_of(population.all_work()), (Ids{5, 5, 5, 5}));
    EXPECT_EQ(population.scheduler().rungs().front().entered, 7U);
    settings.founders = 1;
    EXPECT_EQ(Population(make_gpbt(settings)).all_work().size(), 4U);
}

TEST(Gpbt, WithoutTheRepeatingChild) {
    auto settings = two_by_two();
    settings.repeat_child = false;
    Population population(make_gpbt(settings));
    population.begin({0.4, 0.1, 0.5, 0.2});
    for (const auto& given : population.all_work()) EXPECT_EQ(given.same_as, nobody);
}

TEST(Gpbt, TiesGoToTheOlder) {
    Population population(make_gpbt(one_by_four()));
    population.begin({0.5, 0.2, 0.2, 0.2});
    EXPECT_EQ(parents_of(population.all_work()), (Ids{1, 1, 1, 1}));
}

TEST(Gpbt, LineagesTrainOnWhereMetricsDoNotDiffer) {
    auto settings = one_by_four();
    settings.parents_compete = true;
    Population population(make_gpbt(settings));
    population.begin({0.5, 0.5, 0.5, 0.5});
    EXPECT_EQ(parents_of(population.begin({0.5, 0.5, 0.5, 0.5})), (Ids{0, 0, 0, 0}));
    EXPECT_EQ(parents_of(population.all_work()), (Ids{4, 4, 4, 4})) << "not those of their parent once more";
}

TEST(Gpbt, NoLineageTrainsBeyondItsGenerations) {
    auto settings = one_by_four();
    settings.max = 6;
    Population population(make_gpbt(settings));
    population.begin({0.4, 0.3, 0.2, 0.1});
    population.begin({0.4, 0.3, 0.2, 0.05});
    EXPECT_TRUE(population.all_work().empty());
    EXPECT_TRUE(population.scheduler().exhausted());
    population.say(event::Extended{9});
    const auto next = population.all_work();
    EXPECT_EQ(parents_of(next), (Ids{7, 7, 7, 7}));
    EXPECT_EQ(next[0].to, 9);
}

TEST(Gpbt, SequentialEvaluatesOneChildOfAParentAfterTheOther) {
    auto settings = two_by_two();
    settings.sequential = true;
    Population population(make_gpbt(settings));
    for (const double objective : {0.4, 0.1, 0.5, 0.2}) {
        const auto work = population.all_work();
        ASSERT_EQ(work.size(), 1U) << "one oracle";
        population.report(work[0], objective);
    }
    auto work = population.all_work();
    EXPECT_EQ(parents_of(work), (Ids{1, 3})) << "parents in parallel";
    population.report(work[1], 0.9);
    work = population.all_work();
    EXPECT_EQ(parents_of(work), (Ids{3}));
}

TEST(Gpbt, EarlyStoppingWhenTheImprovementIsBeaten) {
    auto settings = one_by_four();
    settings.early_stopping = true;
    settings.sequential = true;
    Population population(make_gpbt(settings));
    const auto one = [&](double objective) {
        const auto work = population.all_work();
        ASSERT_EQ(work.size(), 1U);
        population.report(work[0], objective);
    };
    for (const double objective : {1.0, 1.1, 1.2, 1.3}) one(objective);  // best 1.0
    for (const double objective : {0.5, 0.8, 0.9, 1.0}) one(objective);  // best 0.8 ... 0.5: improvement 0.5
    one(0.2);                                                            // 0.3 better than 0.5: not more than 0.5
    one(-0.1);                                                           // 0.6 better: enough
    const auto next = population.all_work();
    ASSERT_EQ(next.size(), 1U);
    EXPECT_EQ(next[0].generation, 3U) << "two of four children were enough";
    EXPECT_EQ(next[0].parent, 9U);
    EXPECT_EQ(population.scheduler().rungs()[2].entered, 2U);
}

TEST(Gpbt, AQuorumClosesAndTheLateChildIsACandidateOfTheNextSelection) {
    auto settings = one_by_four();
    settings.quorum = 0.75;
    settings.parents_compete = false;
    Population population(make_gpbt(settings));
    const auto first = population.all_work();
    population.report(first[0], 0.3);
    population.report(first[1], 0.4);
    population.report(first[2], 0.5);
    const auto second = population.all_work();
    EXPECT_EQ(parents_of(second), (Ids{0, 0, 0, 0})) << "three of four";
    EXPECT_TRUE(Script::keep_of(population.report(first[3], 0.1), 3)) << "late";
    population.report(second[0], 0.2);
    population.report(second[1], 0.25);
    population.report(second[2], 0.26);
    const auto third = population.all_work();
    EXPECT_EQ(parents_of(third), (Ids{3, 3, 3, 3}));
    EXPECT_EQ(third[0].to, 6) << "an interval behind";
    EXPECT_EQ(third[0].same_as, 3U) << "it was never a parent before";
}

TEST(Gpbt, ADeadlineClosesAGeneration) {
    auto settings = one_by_four();
    settings.deadline = 10;
    Population population(make_gpbt(settings));
    EXPECT_TRUE(std::isinf(population.scheduler().next_deadline()));
    population.now = 5;
    const auto first = population.all_work();
    EXPECT_DOUBLE_EQ(population.scheduler().next_deadline(), 15);
    population.report(first[0], 0.3);
    population.say(event::TimePassed{15});
    EXPECT_TRUE(std::isinf(population.scheduler().next_deadline()));
    EXPECT_EQ(parents_of(population.all_work()), (Ids{0, 0, 0, 0}));
}

TEST(Gpbt, AnOverdueGenerationClosesAtItsFirstCandidate) {
    auto settings = one_by_four();
    settings.deadline = 10;
    Population population(make_gpbt(settings));
    const auto first = population.all_work();
    population.say(event::TimePassed{10});
    EXPECT_TRUE(population.all_work().empty());
    population.report(first[0], infinite);
    EXPECT_TRUE(population.all_work().empty());
    population.report(first[1], 0.5);
    EXPECT_EQ(parents_of(population.all_work()), (Ids{1, 1, 1, 1}));
}

TEST(Gpbt, AnIdleWorkerDoesNotWaitForAStraggler) {
    auto settings = one_by_four();
    settings.patience = 2;
    Population population(make_gpbt(settings));
    population.now = 10;
    const auto first = population.all_work();
    EXPECT_TRUE(std::isinf(population.scheduler().next_deadline())) << "nobody has reported";
    population.now = 13;
    population.report(first[0], 0.3);
    EXPECT_TRUE(std::isinf(population.scheduler().next_deadline())) << "less than half";
    population.now = 15;
    population.report(first[1], 0.4);
    EXPECT_DOUBLE_EQ(population.scheduler().next_deadline(), 10 + 2 * 4);
    population.now = 16;
    population.report(first[2], 0.5);
    EXPECT_DOUBLE_EQ(population.scheduler().next_deadline(), 10 + 2 * 14.0 / 3);
    population.say(event::TimePassed{19});
    EXPECT_TRUE(population.all_work().empty()) << "not yet";
    population.say(event::TimePassed{20});
    EXPECT_EQ(parents_of(population.all_work()), (Ids{0, 0, 0, 0}));
    EXPECT_TRUE(Script::keep_of(population.report(first[3], 0.1), 3)) << "a candidate of the next selection";
}

TEST(Gpbt, OneWorkerWaitsForEachOfItsChildrenHoweverLongItTakes) {
    auto settings = one_by_four();
    settings.patience = 2;
    Population population(make_gpbt(settings));
    for (int child = 0; child < 4; ++child) {
        const auto work = population.work();
        ASSERT_TRUE(work);
        population.now += child == 3 ? 100 : 1;
        EXPECT_TRUE(std::isinf(population.scheduler().next_deadline()));
        population.report(*work, 0.1 * (child + 1));
    }
    EXPECT_EQ(population.work()->generation, 1U);
}

TEST(Gpbt, LineagesEndAtMaxWhereTheIntervalDoesNotDivideIt) {
    auto settings = one_by_four();  // intervals of 3
    settings.parents_compete = false;
    settings.max = 10;
    Population population(make_gpbt(settings));
    std::vector<Resource> to;
    for (;;) {
        const auto all = population.all_work();
        if (all.empty()) break;
        to.push_back(all[0].to);
        for (const auto& one : all) population.report(one, 0.1 * static_cast<double>(one.member + 1));
    }
    EXPECT_EQ(to, (std::vector<Resource>{3, 6, 9, 10}));
    EXPECT_EQ(population.scheduler().rungs().back().resource, 10);
}

TEST(Gpbt, MembersGivenUpDoNotCount) {
    Population population(make_gpbt(one_by_four()));
    const auto first = population.all_work();
    population.report(first[0], 0.3);
    population.say(event::GivenUp{{1}});
    population.say(event::GivenUp{{2}});
    EXPECT_TRUE(population.all_work().empty());
    population.report(first[3], 0.4);
    EXPECT_EQ(parents_of(population.all_work()), (Ids{0, 0, 0, 0}));
}

TEST(Gpbt, AGenerationWithoutAChildIsRepeatedFromItsParents) {
    Population population(make_gpbt(one_by_four()));
    population.begin({0.4, 0.3, 0.2, 0.1});
    const auto second = population.all_work();
    population.report(second[0], infinite);
    for (std::uint64_t member = 5; member < 8; ++member) population.say(event::GivenUp{{member}});
    const auto again = population.all_work();
    EXPECT_EQ(parents_of(again), (Ids{3, 3, 3, 3}));
    EXPECT_EQ(again[0].generation, 1U);
    EXPECT_EQ(again[0].same_as, 3U);
}

TEST(Gpbt, GivesUpWhenNothingEverComesOfIt) {
    Population population(make_gpbt(one_by_four()));
    std::size_t members = 0;
    while (true) {
        const auto all = population.all_work();
        if (all.empty()) break;
        members += all.size();
        ASSERT_LT(members, 1000U);
        for (const auto& given : all) population.report(given, infinite);
    }
    EXPECT_TRUE(population.scheduler().exhausted());
    EXPECT_EQ(members, 40U);
}

TEST(Gpbt, ALostParentLeavesItsChildrenToTheOther) {
    Population population(make_gpbt(two_by_two()));
    population.begin({0.4, 0.1, 0.5, 0.2});
    ASSERT_TRUE(std::holds_alternative<action::Create>(population.say(event::WorkWanted{}).front()));
    EXPECT_TRUE(Script::released(population.say(event::ParentLost{{1}}), 1));
    EXPECT_EQ(parents_of(population.all_work()), (Ids{3, 3, 3, 3}));
}

TEST(Gpbt, WithoutAnyParentItStartsAgain) {
    Population population(make_gpbt(one_by_four()));
    population.begin({0.4, 0.3, 0.2, 0.1});
    population.say(event::WorkWanted{});
    population.say(event::ParentLost{{3}});
    const auto again = population.all_work();
    EXPECT_EQ(parents_of(again), Ids(4, nobody));
    EXPECT_EQ(again[0].to, 3);
}

TEST(Gpbt, RefusedMembersWaitForAnExtension) {
    Population population(make_gpbt(one_by_four()));
    population.begin({0.4, 0.3, 0.2, 0.1});
    const auto one = population.work();
    population.say(event::WorkWanted{});
    population.say(event::NoMoreMembers{});
    EXPECT_FALSE(population.scheduler().exhausted());
    population.report(*one, 0.05);
    EXPECT_TRUE(population.scheduler().exhausted());
    EXPECT_FALSE(population.work());
    population.say(event::Extended{});
    EXPECT_EQ(parents_of(population.all_work()), (Ids{3, 3, 3}));
}

TEST(Gpbt, ShowsGenerationsAsRows) {
    Population population(make_gpbt(two_by_two()));
    population.begin({0.4, 0.1, 0.5, infinite});
    const auto rows = population.scheduler().rungs();
    ASSERT_EQ(rows.size(), 5U);
    EXPECT_EQ(rows[0].entered, 4U);
    EXPECT_EQ(rows[0].finished, 4U);
    EXPECT_EQ(rows[0].promoted, 2U);
    EXPECT_EQ(rows[1].resource, 6);
}

TEST(Gpbt, RefusesSettingsOutOfRange) {
    const auto refused = [](const char* says, auto change) {
        auto settings = two_by_two();
        change(settings);
        EXPECT_ERROR(make_gpbt(settings), UserError, says);
    };
    refused("children must be an integer in 1 .. 1000000; got 0", [](auto& s) { s.children = 0; });
    refused("ratio must be in 1/children .. children = 4", [](auto& s) { s.ratio = 5; });
    refused("ratio must be in 1/children .. children = 4", [](auto& s) { s.ratio = 0.2; });
    refused("interval must be an integer in 1", [](auto& s) { s.interval = 0; });
    refused("interval must be <= max = 2; got 3", [](auto& s) { s.max = 2; });
    refused("founders must be a number in 1 .. 1000; got 0", [](auto& s) { s.founders = 0; });
    refused("quorum must be a number > 0 and <= 1; got 0", [](auto& s) { s.quorum = 0; });
    refused("deadline must be a duration", [](auto& s) { s.deadline = -1; });
    refused("patience must be 0 or at least 1", [](auto& s) { s.patience = 0.5; });
    refused("max must be an integer in 1", [](auto& s) { s.max = -1; });
    refused("early_stopping_from must be an integer in 2 .. 1000000; got 1",
            [](auto& s) { s.early_stopping_from = 1; });
}

/// An independent, naive count: never more than P parents between two selections, and lineages stay within their bound.
TEST(Gpbt, LineagesAndFamiliesStayWithinTheirBounds) {
    struct Watch : Listener {
        void happened(const Event& event, const Actions& actions) override {
            if (const auto* made = std::get_if<event::Created>(&event)) {
                if (asked.parent.exists()) {
                    EXPECT_LT(asked.parent.value, made->member.value);
                    auto& family = parents[asked.generation];
                    family.insert(asked.parent.value);
                }
            }
            for (const auto& action : actions) {
                if (const auto* create = std::get_if<action::Create>(&action)) asked = *create;
            }
        }
        action::Create asked;
        std::map<std::uint32_t, std::set<std::uint64_t>> parents;
    };
    for (std::uint64_t seed = 0; seed < 50; ++seed) {
        GpbtSettings settings;
        settings.children = static_cast<std::uint32_t>(4 + seed % 20);
        settings.ratio = 2;
        settings.max = 10;
        settings.founders = 1;
        settings.parents_compete = true;
        settings.patience = 0;
        settings.quorum = seed % 2 == 0 ? 1 : 0.6;
        const auto scheduler = make_gpbt(settings);
        Watch watch;
        Driver driver(*scheduler, {.seed = seed, .members = 500}, &watch);
        ASSERT_TRUE(driver.run());
        EXPECT_LE(driver.furthest(), 10);
        EXPECT_FALSE(watch.parents.empty());
        for (const auto& [generation, parents] : watch.parents) {
            EXPECT_LE(parents.size(), gpbt_parents(settings)) << "generation " << generation;
        }
    }
}

class OnlyStays : public Placement {
public:
    explicit OnlyStays(std::uint64_t member) : member_(member) {}
    bool stays(MemberId member) const override { return member.value == member_; }

private:
    std::uint64_t member_;
};

TEST(Gpbt, AChildOfWhomTheFreeWorkerHasComesFirst) {
    GpbtSettings settings;
    settings.children = 8;
    settings.ratio = 2;  // two parents
    settings.max = 2;
    settings.founders = 1;
    Population population(make_gpbt(settings));
    population.begin({0.8, 0.7, 0.6, 0.5, 0.4, 0.3, 0.2, 0.1});
    const OnlyStays second(6);
    for (int child = 0; child < 4; ++child) {
        const auto actions = population.say(event::WorkWanted{0, &second});
        ASSERT_EQ(std::get<action::Create>(actions.front()).parent, MemberId{6});
        population.say(event::Created{{8 + static_cast<std::uint64_t>(child)}});
    }
    const auto actions = population.say(event::WorkWanted{0, &second});
    EXPECT_EQ(std::get<action::Create>(actions.front()).parent, MemberId{7}) << "then the other one's";
}

}  // namespace
}  // namespace stemma::test
