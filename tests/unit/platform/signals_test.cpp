#include "platform/signals.hpp"

#include <gtest/gtest.h>

#include <csignal>
#include <vector>

#include "core/error.hpp"
#include "support/errors.hpp"

namespace stemma {
namespace {

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
}

INSTANTIATE_TEST_SUITE_P(Signals, SignalTable,
                         testing::Values(Case{"nothing", {}, Interruption::none},
                                         Case{"one_interrupt", {SIGINT}, Interruption::graceful},
                                         Case{"one_termination", {SIGTERM}, Interruption::graceful},
                                         Case{"warnings_order_nothing", {SIGUSR1, SIGUSR1}, Interruption::none},
                                         Case{"one_order", {SIGUSR2}, Interruption::graceful},
                                         Case{"orders_repeat", {SIGUSR2, SIGUSR2, SIGUSR2}, Interruption::graceful},
                                         Case{"order_then_termination", {SIGUSR2, SIGTERM}, Interruption::now},
                                         Case{"termination_then_order", {SIGTERM, SIGUSR2}, Interruption::graceful},
                                         Case{"one_hangup", {SIGHUP}, Interruption::graceful},
                                         Case{"a_terminal_hangs_up_twice", {SIGHUP, SIGHUP}, Interruption::graceful},
                                         Case{"processor_time", {SIGXCPU, SIGXCPU}, Interruption::graceful},
                                         Case{"hangup_then_termination", {SIGHUP, SIGTERM}, Interruption::now},
                                         Case{"second_interrupt", {SIGINT, SIGINT}, Interruption::now},
                                         Case{"warning_then_termination", {SIGUSR1, SIGTERM}, Interruption::graceful},
                                         Case{"termination_then_warning", {SIGTERM, SIGUSR1}, Interruption::graceful},
                                         Case{"now_stays", {SIGINT, SIGTERM, SIGUSR1}, Interruption::now}),
                         [](const auto& row) { return std::string(row.param.what); });

TEST(SignalWatch, AWarningIsAnOrderOnceHeeded) {
    SignalWatch watch;
    EXPECT_FALSE(watch.take_warning());
    ASSERT_EQ(std::raise(SIGUSR1), 0);
    EXPECT_TRUE(watch.take_warning());
    EXPECT_FALSE(watch.take_warning()) << "once";

    watch.heed_warning();
    EXPECT_EQ(watch.asked(), Interruption::graceful);
    watch.heed_warning();
    EXPECT_EQ(watch.asked(), Interruption::graceful);
    ASSERT_EQ(std::raise(SIGTERM), 0);
    EXPECT_EQ(watch.asked(), Interruption::now);
}

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

TEST(SignalWatch, WhatIsIgnoredOnPurposeStaysSo) {
    for (const int number : {SIGHUP, SIGUSR2, SIGXCPU}) {
        const auto former = std::signal(number, SIG_IGN);
        {
            SignalWatch watch;
            ASSERT_EQ(std::raise(number), 0);
            EXPECT_EQ(watch.asked(), Interruption::none);
        }
        EXPECT_EQ(std::signal(number, former), SIG_IGN);
    }
}

TEST(SignalWatch, OnlyOneAtATime) {
    SignalWatch first;

    EXPECT_ERROR(SignalWatch(), InternalError, "only one SignalWatch at a time");
}

}  // namespace
}  // namespace stemma
