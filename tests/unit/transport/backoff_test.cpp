#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

#include "transport/backoff.hpp"

namespace stemma {
namespace {

using namespace std::chrono_literals;

TEST(IdleBackoff, SleepsGrowToTheLongestAndStartAgainAfterActivity) {
    IdleBackoff backoff;
    std::vector<std::chrono::microseconds> sleeps;
    while (sleeps.empty() || sleeps.back() < IdleBackoff::longest_sleep) {
        if (const auto sleep = backoff.next_sleep(); sleep.count() > 0) sleeps.push_back(sleep);
        std::this_thread::sleep_for(1ms);
    }
    EXPECT_TRUE(std::is_sorted(sleeps.begin(), sleeps.end()));
    EXPECT_EQ(sleeps.back(), IdleBackoff::longest_sleep);

    backoff.active();
    EXPECT_EQ(backoff.next_sleep().count(), 0) << "right after activity it polls again at once";
}

TEST(IdleBackoff, ASleepIsASmallPartOfTheTimeSinceTheLastActivity) {
    IdleBackoff backoff;
    const auto begun = IdleBackoff::Clock::now();
    for (int sleeps = 0; sleeps < 20;) {
        const auto sleep = backoff.next_sleep();
        const auto idle = IdleBackoff::Clock::now() - begun;
        if (sleep.count() == 0) continue;
        EXPECT_LE(sleep, std::max<IdleBackoff::Clock::duration>(IdleBackoff::shortest_sleep, idle / 20));
        std::this_thread::sleep_for(sleep);
        ++sleeps;
    }
}

TEST(IdleBackoff, SleepsStayShortWhileASnapshotIsOnItsWay) {
    IdleBackoff backoff;
    for (int sleeps = 0; sleeps < 50;) {
        const auto sleep = backoff.next_sleep(Awaited::transfer);
        EXPECT_LE(sleep, IdleBackoff::longest_sleep_in_transfer);
        sleeps += sleep.count() > 0 ? 1 : 0;
    }
}

TEST(IdleBackoff, WhereAMessageEndsTheSleepItIsLong) {
    IdleBackoff backoff;
    EXPECT_EQ(backoff.next_sleep(Awaited::wakeup).count(), 0);
    std::this_thread::sleep_for(IdleBackoff::yield_for);
    EXPECT_EQ(backoff.next_sleep(Awaited::wakeup), IdleBackoff::longest_sleep_until_woken);
}

TEST(IdleBackoff, ARankThatTrainsSleepsAtOnce) {
    IdleBackoff backoff;
    EXPECT_EQ(backoff.next_sleep(Awaited::nothing), IdleBackoff::longest_sleep_until_woken);
}

}  // namespace
}  // namespace stemma
