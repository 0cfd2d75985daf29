#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <thread>

#include "transport/shared_wakeup.hpp"
#include "transport/wakeup.hpp"

namespace stemma {
namespace {

constexpr auto for_ever = std::chrono::hours(1);

TEST(Wakeup, ACallBeforeTheWaitIsNotLost) {
    Wakeup wakeup;
    wakeup.wake();
    wakeup.wake();

    EXPECT_TRUE(wakeup.wait(for_ever)) << "the wait returned at once";
    EXPECT_FALSE(wakeup.wait(std::chrono::microseconds(1))) << "both calls were heard";
}

TEST(Wakeup, NoCallIsLostBetweenTwoThreadsThatAnswerEachOther) {
    constexpr int rounds = 20'000;
    Wakeup here;
    Wakeup there;
    std::atomic<int> asked = 0;
    std::atomic<int> answered = 0;
    const std::jthread other([&] {
        for (int round = 1; round <= rounds; ++round) {
            while (asked.load() < round) there.wait(for_ever);
            answered.store(round);
            here.wake();
        }
    });
    for (int round = 1; round <= rounds; ++round) {
        asked.store(round);
        there.wake();
        while (answered.load() < round) here.wait(for_ever);
    }
    EXPECT_EQ(answered.load(), rounds);
}

TEST(SharedWakeup, AnotherProcessWakes) {
    const SharedWakeup shared;
    Wakeup wakeup(shared.word());
    const auto child = ::fork();
    ASSERT_GE(child, 0);
    if (child == 0) {
        const auto word = open_wakeup(shared.address());
        if (word) wake(*word);
        ::_exit(word ? 0 : 1);
    }

    EXPECT_TRUE(wakeup.wait(for_ever));
    int status = 0;
    ASSERT_EQ(::waitpid(child, &status, 0), child);
    EXPECT_EQ(status, 0);
}

TEST(SharedWakeup, OneThatIsNotThereIsNotOpened) {
    const SharedWakeup shared;
    auto elsewhere = shared.address();
    elsewhere.host ^= 1U;
    auto other_file = shared.address();
    other_file.token ^= 1U;
    auto no_file = shared.address();
    no_file.descriptor = 1'000'000;
    auto short_file = shared.address();
    int ends[2] = {};
    ASSERT_EQ(::pipe(ends), 0);
    short_file.descriptor = ends[0];

    EXPECT_NE(open_wakeup(shared.address()), nullptr);
    for (const auto& address : {WakeupAddress(), elsewhere, other_file, no_file, short_file}) {
        EXPECT_EQ(open_wakeup(address), nullptr);
    }
    ::close(ends[0]);
    ::close(ends[1]);
}

}  // namespace
}  // namespace stemma
