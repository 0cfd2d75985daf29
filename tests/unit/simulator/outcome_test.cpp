#include "simulator/outcome.hpp"

#include <gtest/gtest.h>

#include <cmath>

#include "simulator/event_heap.hpp"

namespace stemma {
namespace {

double mean_seconds(const SimulationSettings& settings) {
    double sum = 0;
    constexpr std::uint64_t n = 20000;
    for (std::uint64_t lease = 0; lease < n; ++lease) sum += draw_outcome(settings, {lease}, 10).seconds;
    return sum / n;
}

TEST(Outcome, WithoutNoiseTakesUnitsTimesSeconds) {
    SimulationSettings settings;
    settings.seconds_per_unit = 3;
    EXPECT_EQ(draw_outcome(settings, {0}, 10).seconds, 30);
    EXPECT_EQ(draw_outcome(settings, {0}, 10).failure, FailureKind::none);
}

TEST(Outcome, LognormalNoiseHasMeanOne) {
    SimulationSettings settings;
    settings.noise = DurationNoise::lognormal;
    settings.noise_sd = 0.5;
    EXPECT_NEAR(mean_seconds(settings), 10, 0.2);
}

TEST(Outcome, HalfNormalNoiseOnlySlowsDown) {
    SimulationSettings settings;
    settings.noise = DurationNoise::half_normal;
    settings.noise_sd = 0.5;
    // E|z| = sd sqrt(2 / pi)
    EXPECT_NEAR(mean_seconds(settings), 10 * (1 + 0.5 * std::sqrt(2 / std::acos(-1.0))), 0.1);
    for (std::uint64_t lease = 0; lease < 100; ++lease) EXPECT_GE(draw_outcome(settings, {lease}, 10).seconds, 10);
}

TEST(Outcome, DropsEachSecondWithTheGivenChance) {
    SimulationSettings settings;
    settings.faults.drop_per_second = 0.05;
    int survived = 0;
    constexpr int n = 20000;
    for (std::uint64_t lease = 0; lease < n; ++lease) {
        survived += draw_outcome(settings, {lease}, 10).failure == FailureKind::none ? 1 : 0;
    }
    EXPECT_NEAR(static_cast<double>(survived) / n, std::pow(0.95, 10), 0.02);
}

TEST(Outcome, IsAFunctionOfSeedAndLease) {
    SimulationSettings settings;
    settings.noise = DurationNoise::lognormal;
    settings.noise_sd = 1;
    const auto first = draw_outcome(settings, {7}, 10).seconds;
    EXPECT_EQ(draw_outcome(settings, {7}, 10).seconds, first);
    EXPECT_NE(draw_outcome(settings, {8}, 10).seconds, first);
    settings.seed = 1;
    EXPECT_NE(draw_outcome(settings, {7}, 10).seconds, first);
}

TEST(EventHeap, GivesTheEarliestFirstAndEqualsInOrder) {
    EventHeap heap;
    heap.push(SimEvent::death, 2, 1);
    heap.push(SimEvent::tick, 1, 2);
    heap.push(SimEvent::join, 2, 3);
    heap.push(SimEvent::join, 1, 4);
    std::vector<std::uint32_t> order;
    while (!heap.empty()) order.push_back(heap.pop().worker);
    EXPECT_EQ(order, (std::vector<std::uint32_t>{2, 4, 1, 3}));
}

}  // namespace
}  // namespace stemma
