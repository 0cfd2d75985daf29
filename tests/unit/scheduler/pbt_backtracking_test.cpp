// PBT: lineages that go back to their best.
#include "scheduler/pbt.hpp"
#include "unit/scheduler/population.hpp"

namespace stemma::test {
namespace {

PbtSettings with_backtracking() {
    PbtSettings settings;
    settings.population = 1;  // no other member to take over from
    settings.max = 100;
    settings.backtrack_after = 2;
    settings.backtracks = 2;
    return settings;
}

TEST(PbtBacktracking, TheBestOfALineageStaysAsItIsAndAChildGoesOn) {
    Population population(make_pbt(with_backtracking()));
    const auto first = *population.work();
    const auto keep = Script::keep_of(population.report(first, 0.5), 0);
    ASSERT_TRUE(keep);
    EXPECT_TRUE(keep->promotable);
    const auto second = *population.work();
    EXPECT_TRUE(second.born);
    EXPECT_EQ(second.cause, BirthCause::continuation);
    EXPECT_EQ(second.parent, 0U);
    EXPECT_EQ(second.same_as, 0U);
    EXPECT_EQ(second.to, 2);
    // A better member replaces it, and no lineage goes back to the old one.
    EXPECT_TRUE(Script::released(population.report(second, 0.4), 0));
    EXPECT_EQ(population.work()->parent, 1U);
}

TEST(PbtBacktracking, ALineageThatGotWorseGoesBackToItsBest) {
    Population population(make_pbt(with_backtracking()));
    population.report(*population.work(), 0.5);
    const auto child = *population.work();
    population.report(child, 0.6);
    const auto on = *population.work();
    EXPECT_FALSE(on.born) << "one worse report is none too many";
    EXPECT_EQ(on.member, child.member);
    EXPECT_TRUE(gives_up(population.report(on, 0.55), child.member));
    const auto back = *population.work();
    EXPECT_EQ(population.released, std::vector<std::uint64_t>{child.member});
    EXPECT_EQ(back.cause, BirthCause::backtrack);
    EXPECT_EQ(back.parent, 0U);
    EXPECT_EQ(back.same_as, nobody) << "with other hyperparameters";
    EXPECT_EQ(back.to, 2) << "from where the best was";
    EXPECT_EQ(back.generation, 1U);
}

TEST(PbtBacktracking, AfterSomeReturnsALineageGoesOn) {
    Population population(make_pbt(with_backtracking()));
    population.report(*population.work(), 0.5);
    for (int returns = 0; returns < 2; ++returns) {
        population.report(*population.work(), 0.6);
        population.report(*population.work(), 0.6);
    }
    population.report(*population.work(), 0.6);
    const auto last = *population.work();
    EXPECT_TRUE(Script::released(population.report(last, 0.7), 0)) << "no lineage goes back to it any more";
    const auto on = *population.work();
    EXPECT_EQ(on.cause, BirthCause::continuation);
    EXPECT_EQ(on.parent, last.member);
    EXPECT_EQ(on.to, last.to + 1);
}

TEST(PbtBacktracking, AChildOfADonorMayGoBackToTheDonorsBest) {
    auto settings = with_backtracking();
    settings.population = 2;
    settings.backtrack_after = 1;
    settings.bottom = settings.top = 0.5;
    Population population(make_pbt(settings));
    const auto all = population.all_work();
    population.report(all[1], 0.2);
    population.report(all[0], 0.5);  // gives up: the other one is better
    const auto next = population.all_work();
    ASSERT_EQ(next.size(), 2U);
    EXPECT_EQ(next[0].cause, BirthCause::continuation);
    EXPECT_EQ(next[0].parent, 1U);
    EXPECT_EQ(next[1].cause, BirthCause::exploit);
    EXPECT_EQ(next[1].parent, 1U) << "who made the donor's last report";
    population.report(next[1], 0.3);  // gives up again: worse than the donor's last report
    EXPECT_EQ(population.work()->cause, BirthCause::exploit);
    population.report(next[0], 0.25);  // better than the other one, but not than its best
    const auto back = *population.work();
    EXPECT_EQ(back.cause, BirthCause::backtrack);
    EXPECT_EQ(back.parent, 1U);
}

TEST(PbtBacktracking, WithoutTheBestsSnapshotTheMemberGoesOn) {
    Population population(make_pbt(with_backtracking()));
    population.report(*population.work(), 0.5);
    ASSERT_TRUE(std::holds_alternative<action::Create>(population.say(event::WorkWanted{}).front()));
    population.say(event::ParentLost{{0}});
    const auto on = *population.work();
    EXPECT_FALSE(on.born);
    EXPECT_EQ(on.member, 0U);
}

TEST(PbtBacktracking, WithoutMoreMembersTheMemberGoesOn) {
    Population population(make_pbt(with_backtracking()));
    population.report(*population.work(), 0.5);
    population.report(*population.work(), 0.6);
    population.report(*population.work(), 0.6);
    ASSERT_TRUE(std::holds_alternative<action::Create>(population.say(event::WorkWanted{}).front()));
    population.say(event::NoMoreMembers{});
    const auto on = *population.work();
    EXPECT_FALSE(on.born);
    EXPECT_EQ(on.member, 1U);
    EXPECT_EQ(on.to, 4);
}

TEST(PbtBacktracking, WithoutMoreMembersTheBestTrainsOnWhereItsHeirDied) {
    Population population(make_pbt(with_backtracking()));
    population.report(*population.work(), 0.5);
    const auto heir = *population.work();
    population.report(heir, 0.6);
    const auto on = *population.work();
    population.report(on, 0.6);
    ASSERT_TRUE(std::holds_alternative<action::Create>(population.say(event::WorkWanted{}).front()));
    population.say(event::NoMoreMembers{});
    population.say(event::GivenUp{{heir.member}});
    const auto best = *population.work();
    EXPECT_FALSE(best.born);
    EXPECT_EQ(best.member, 0U);
    EXPECT_EQ(best.to, 2);
}

TEST(PbtBacktracking, ALineageWhoseHeirDiesGoesBackToItsBest) {
    Population population(make_pbt(with_backtracking()));
    population.report(*population.work(), 0.5);
    population.report(*population.work(), infinite);
    const auto back = *population.work();
    EXPECT_EQ(back.cause, BirthCause::backtrack);
    EXPECT_EQ(back.parent, 0U);
}

}  // namespace
}  // namespace stemma::test
