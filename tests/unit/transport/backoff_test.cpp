#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

#include "transport/backoff.hpp"

namespace stemma {
namespace {

TEST(IdleBackoff, SleepsGrowToTheLongestAndStartAgainAfterActivity) {
    IdleBackoff backoff;
    std::vector<std::chrono::microseconds> sleeps;
    while (sleeps.size() < 10) {
        if (const auto sleep = backoff.next_sleep(); sleep.count() > 0) sleeps.push_back(sleep);
    }
    EXPECT_EQ(sleeps.front(), IdleBackoff::first_sleep);
    EXPECT_TRUE(std::is_sorted(sleeps.begin(), sleeps.end()));
    EXPECT_EQ(sleeps.back(), IdleBackoff::longest_sleep);

    backoff.active();
    EXPECT_EQ(backoff.next_sleep().count(), 0) << "right after activity it polls again at once";
}

TEST(IdleBackoff, SleepsStayShortWhileASnapshotIsOnItsWay) {
    IdleBackoff backoff;
    for (int sleeps = 0; sleeps < 50;) {
        const auto sleep = backoff.next_sleep(true);
        EXPECT_LE(sleep, IdleBackoff::longest_sleep_in_transfer);
        sleeps += sleep.count() > 0 ? 1 : 0;
    }
}

}  // namespace
}  // namespace stemma
