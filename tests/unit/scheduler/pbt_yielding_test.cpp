// PBT: a member gives up only for a living member, and a run ends.
#include <deque>

#include "scheduler/pbt.hpp"
#include "unit/scheduler/population.hpp"

namespace stemma::test {
namespace {

PbtSettings of_two() {
    PbtSettings settings;
    settings.population = 2;
    settings.max = 100;
    return settings;
}

TEST(PbtYielding, IsJudgedAgainstTheLivingOnly) {
    Population population(make_pbt(of_two()));
    const auto all = population.all_work();
    population.report(all[0], 0.5);
    EXPECT_TRUE(gives_up(population.report(all[1], 0.6), 1));
    const auto first = *population.work();
    EXPECT_EQ(first.member, 0U);
    EXPECT_FALSE(gives_up(population.report(first, 0.9), 0)) << "the other one is about to give up";
    const auto second = *population.work();
    EXPECT_EQ(second.member, 1U) << "who would have been better is no more: it goes on";
    EXPECT_FALSE(second.born);
}

TEST(PbtYielding, GoesOnIfWhoWasBetterDied) {
    Population population(make_pbt(of_two()));
    const auto all = population.all_work();
    population.report(all[0], 0.5);
    EXPECT_TRUE(gives_up(population.report(all[1], 0.6), 1));
    const auto first = *population.work();
    population.report(first, infinite);
    EXPECT_EQ(population.work()->member, 1U);
    const auto child = *population.work();
    EXPECT_TRUE(child.born);
    EXPECT_EQ(child.parent, 1U) << "and is the donor of the one that died";
}

TEST(PbtYielding, IsTheDonorOfTheDead) {
    Population population(make_pbt(of_two()));
    const auto all = population.all_work();
    population.report(all[0], 0.5);
    EXPECT_TRUE(gives_up(population.report(all[1], 0.6), 1));
    population.say(event::GivenUp{{0}});  // first in the queue
    const auto child = *population.work();
    EXPECT_EQ(child.parent, 1U);
    EXPECT_EQ(population.work()->member, 1U);
    EXPECT_FALSE(population.work());
}

TEST(PbtYielding, TheDeadWaitForAnHeirThatTrains) {
    Population population(make_pbt(of_two()));
    const auto all = population.all_work();
    population.report(all[0], 0.5);
    population.report(all[1], 0.6);
    const auto first = *population.work();
    const auto heir = *population.work();
    ASSERT_EQ(heir.parent, 0U);
    population.report(first, infinite);
    EXPECT_FALSE(population.work()) << "no member has a snapshot yet, but one will";
    EXPECT_FALSE(population.scheduler().exhausted());
    population.report(heir, 0.7);
    EXPECT_EQ(population.work()->parent, heir.member);
}

TEST(PbtYielding, OfASmallerSubPopulationADeadMemberTakesMoreThanWeights) {
    PbtSettings settings;
    settings.population = 2;
    settings.max = 1000;
    settings.periods = {1, 10};
    settings.migration = 0;
    Population population(make_pbt(settings));
    const auto all = population.all_work();
    population.report(all[0], 0.5);
    population.report(all[1], infinite);
    population.all_work();
    EXPECT_EQ(population.born.back().parent, 0U) << "from the other one, since its own has no member";
    EXPECT_EQ(population.born.back().same_as, nobody);
}

TEST(Pbt, ReportsAreBoundedHoweverTheMetricGoes) {
    for (const double grows : {-1.0, 0.0, 1.0}) {
        for (std::uint32_t places = 1; places < 8; ++places) {
            auto settings = of_two();
            settings.population = places;
            settings.bottom = settings.top = 0.5;
            settings.max = 20;
            Population population(make_pbt(settings));
            std::deque<Given> running;
            std::uint64_t reports = 0;
            const auto more = [&] {
                while (running.size() < places) {
                    const auto given = population.work();
                    if (!given) return;
                    running.push_back(*given);
                }
            };
            for (more(); !running.empty(); more()) {
                population.report(running.front(), grows * static_cast<double>(running.front().to));
                running.pop_front();
                ++reports;
            }
            EXPECT_TRUE(population.scheduler().exhausted());
            EXPECT_GE(reports, places * 20U);
            EXPECT_LE(static_cast<double>(reports), 1.4 * (places * 20));
        }
    }
}

}  // namespace
}  // namespace stemma::test
