#include "platform/signals.hpp"

#include <gtest/gtest.h>
#include <poll.h>

#include <csignal>
#include <vector>

#include "core/error.hpp"

namespace stemma {
namespace {

bool readable(int descriptor) {
    struct pollfd entry {
        .fd = descriptor, .events = POLLIN, .revents = 0
    };
    return ::poll(&entry, 1, 0) == 1;
}

struct Case {
    const char* what;
    std::vector<int> signals;
    Interruption asked;
};

class SignalTable : public testing::TestWithParam<Case> {};

TEST_P(SignalTable, AsksFor) {
    SignalWatch watch;

    for (const int number : GetParam().signals) ASSERT_EQ(std::raise(number), 0);

    EXPECT_EQ(watch.asked(), GetParam().asked);
    EXPECT_EQ(watch.last_signal(), GetParam().signals.empty() ? 0 : GetParam().signals.back());
    EXPECT_EQ(readable(watch.descriptor()), !GetParam().signals.empty());
}

INSTANTIATE_TEST_SUITE_P(Signals, SignalTable,
                         testing::Values(Case{"nothing", {}, Interruption::none},
                                         Case{"one_interrupt", {SIGINT}, Interruption::graceful},
                                         Case{"one_termination", {SIGTERM}, Interruption::graceful},
                                         Case{"one_warning", {SIGUSR1}, Interruption::graceful},
                                         Case{"warnings_repeat", {SIGUSR1, SIGUSR1, SIGUSR1}, Interruption::graceful},
                                         Case{"second_interrupt", {SIGINT, SIGINT}, Interruption::now},
                                         Case{"warning_then_termination", {SIGUSR1, SIGTERM}, Interruption::now},
                                         Case{"termination_then_warning", {SIGTERM, SIGUSR1}, Interruption::graceful},
                                         Case{"now_stays", {SIGINT, SIGTERM, SIGUSR1}, Interruption::now}),
                         [](const auto& row) { return std::string(row.param.what); });

TEST(SignalWatch, StartsAfreshAndPutsFormerHandlersBack) {
    static int caught = 0;
    const auto former = std::signal(SIGUSR1, [](int) { ++caught; });
    {
        SignalWatch watch;
        ASSERT_EQ(std::raise(SIGUSR1), 0);
        EXPECT_EQ(caught, 0);
    }
    ASSERT_EQ(std::raise(SIGUSR1), 0);
    std::signal(SIGUSR1, former);

    EXPECT_EQ(caught, 1);
    EXPECT_EQ(SignalWatch().asked(), Interruption::none);
}

TEST(SignalWatch, OnlyOneAtATime) {
    SignalWatch first;

    EXPECT_THROW(SignalWatch(), InternalError);
}

TEST(SignalWatch, AFullPipeDoesNoHarm) {
    SignalWatch watch;

    for (int i = 0; i < 70'000; ++i) ASSERT_EQ(std::raise(SIGUSR1), 0);

    EXPECT_EQ(watch.asked(), Interruption::graceful);
}

}  // namespace
}  // namespace stemma
