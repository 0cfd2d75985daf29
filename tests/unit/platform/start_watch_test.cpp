#include "platform/start_watch.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <thread>

namespace stemma {
namespace {

TEST(StartWatch, SaysNothingOfAStartInTime) {
    std::atomic<int> calls{0};
    {
        const StartWatch watch(60, [&] { ++calls; });
    }
    EXPECT_EQ(calls, 0);
}

TEST(StartWatch, SaysOnceThatAStartIsLate) {
    std::atomic<int> calls{0};
    {
        const StartWatch watch(0.01, [&] { ++calls; });
        while (calls == 0) std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
    EXPECT_EQ(calls, 1);
}

}  // namespace
}  // namespace stemma
