// How many reports a population may still make.
#include "scheduler/pbt_population.hpp"

#include <gtest/gtest.h>

namespace stemma::test {
namespace {

PbtPopulation of(std::uint32_t slots) {
    PbtSettings settings;
    settings.population = slots;
    settings.max = 4;
    return PbtPopulation(settings);
}

TEST(PbtPopulation, ASlotMayAlwaysDoWhatItWasToDo) {
    auto population = of(1);
    population.settle(0, {0}, {});
    population.plan(0);
    EXPECT_TRUE(population.affords(0, 0, 0));
    EXPECT_FALSE(population.affords(0, -1, 0)) << "one report more";
}

TEST(PbtPopulation, AnExtensionBeginsToCountAnew) {
    auto population = of(2);
    for (int i = 0; i < 8; ++i) population.count_report();
    EXPECT_FALSE(population.affords(0, 0, 1));
    population.begin_count(8);
    EXPECT_TRUE(population.affords(0, 0, 1));
    EXPECT_FALSE(population.affords(0, 0, 0.9));
}

TEST(PbtPopulation, ASlotWhoseMemberDiedIsNotAmongThoseThatHaveReported) {
    auto population = of(3);
    for (std::uint32_t slot = 0; slot < 3; ++slot) population.settle(slot, {slot}, {});
    for (const std::uint32_t dead : {1U, 2U}) population[dead].state = PbtState::vacant;
    population.begin_count(4);
    EXPECT_TRUE(population.affords(1, 0, 0.75)) << "4 reports of one that trains, and 4 of 12";
    EXPECT_FALSE(population.affords(1, 0, 0.6));
}

}  // namespace
}  // namespace stemma::test
