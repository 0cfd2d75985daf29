#pragma once
// The contract of every scheduler. A new scheduler is tested by one more line in scheduler_test.cpp, or, if it needs
// other libraries, by an INSTANTIATE_TEST_SUITE_P of its own.

#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <ostream>
#include <string>

#include "contract/scheduler/driver.hpp"
#include "scheduler/scheduler.hpp"
#include "support/sanitized.hpp"

namespace stemma::test {

struct SchedulerCase {
    std::string name;  ///< letters and digits
    Resource max = 1;  ///< its largest resource
    std::function<std::unique_ptr<Scheduler>()> make;
    bool endless = true;      ///< asks for members until they are refused
    std::uint64_t seeds = 1;  ///< members of one configuration
    bool rungs = true;        ///< its table is a ladder: members of a row were promoted from the row before
    bool all_the_way = true;  ///< without faults a member is trained to the end
};

inline void PrintTo(const SchedulerCase& scheduler, std::ostream* out) { *out << scheduler.name; }

class SchedulerContract : public testing::TestWithParam<SchedulerCase> {
protected:
    /// A run with every kind of fault. The driver checks each answer.
    static DriverSettings troubled(std::uint64_t seed) {
        return {.seed = seed,
                .members = 20 + seed % 90,
                .workers = 1 + seed % 9,
                .non_finite = 0.1,
                .failing = 0.1,
                .stopped = 0.05,
                .objectives = 1 + seed % 40,
                .lost = 0.1};
    }
};

TEST_P(SchedulerContract, AnswersAreValidWhateverHappens) {
    for (std::uint64_t seed = 0; seed < repeats(200); ++seed) {
        SCOPED_TRACE(seed);
        const auto scheduler = GetParam().make();
        Driver driver(*scheduler, troubled(seed));

        ASSERT_TRUE(driver.run());

        EXPECT_GT(driver.created(), 0U);
        EXPECT_LE(driver.furthest(), GetParam().max);
    }
}

TEST_P(SchedulerContract, TheSameEventsGiveTheSameActions) {
    for (std::uint64_t seed = 0; seed < 20; ++seed) {
        std::string transcripts[2];
        for (auto& transcript : transcripts) {
            const auto scheduler = GetParam().make();
            Driver driver(*scheduler, troubled(seed));
            ASSERT_TRUE(driver.run());
            transcript = driver.transcript();
        }
        EXPECT_EQ(transcripts[0], transcripts[1]);
    }
}

TEST_P(SchedulerContract, IsExhaustedExactlyWhenNothingCanCome) {
    for (std::uint64_t seed = 0; seed < repeats(50); ++seed) {
        SCOPED_TRACE(seed);
        const auto scheduler = GetParam().make();
        Driver driver(*scheduler, troubled(seed));
        EXPECT_FALSE(scheduler->exhausted());

        ASSERT_TRUE(driver.run());

        EXPECT_TRUE(scheduler->exhausted());
        EXPECT_FALSE(driver.work_wanted());
        EXPECT_TRUE(scheduler->exhausted());
    }
}

TEST_P(SchedulerContract, IsNotExhaustedWhileItHasWork) {
    struct Watch : Listener {
        explicit Watch(const Scheduler& given) : scheduler(given), exhausted(given.exhausted()) {}
        void happened(const Event& event, const Actions& actions) override {
            if (std::holds_alternative<event::WorkWanted>(event) && !actions.empty()) {
                EXPECT_FALSE(exhausted) << "work came after it said that there was none";
            }
            exhausted = scheduler.exhausted();
        }
        const Scheduler& scheduler;
        bool exhausted;
    };
    for (std::uint64_t seed = 0; seed < repeats(100); ++seed) {
        SCOPED_TRACE(seed);
        const auto scheduler = GetParam().make();
        Watch watch(*scheduler);
        Driver driver(*scheduler, troubled(seed), &watch);
        ASSERT_TRUE(driver.run());
    }
}

TEST_P(SchedulerContract, EndlessOnesUseAllMembersThatAreGranted) {
    const auto scheduler = GetParam().make();
    Driver driver(*scheduler, {.seed = 3, .members = 150});

    ASSERT_TRUE(driver.run());

    EXPECT_TRUE(!GetParam().endless || driver.configurations() == 150) << driver.configurations();
    EXPECT_EQ(driver.created() - driver.same_as_another(), driver.configurations() * GetParam().seeds);
}

TEST_P(SchedulerContract, SomebodyIsTrainedToTheEnd) {
    const auto scheduler = GetParam().make();
    Driver driver(*scheduler, {.seed = 4, .members = 300});

    ASSERT_TRUE(driver.run());

    EXPECT_LE(driver.furthest(), GetParam().max);
    if (GetParam().all_the_way) {
        EXPECT_EQ(driver.furthest(), GetParam().max);
    }
}

TEST_P(SchedulerContract, MoreMembersAndLargerResourcesMakeWorkAgain) {
    for (const std::uint64_t seed : {1U, 2U, 3U}) {
        const auto scheduler = GetParam().make();
        Driver driver(*scheduler, {.seed = seed, .members = 300});
        ASSERT_TRUE(driver.run());
        const auto before = driver.configurations();
        const auto created = driver.created();

        driver.extend(GetParam().max * 4, 900);
        EXPECT_FALSE(scheduler->exhausted());
        ASSERT_TRUE(driver.run());

        if (GetParam().all_the_way) {
            EXPECT_EQ(driver.furthest(), GetParam().max * 4);
        } else {
            EXPECT_GT(driver.created(), created);
        }
        EXPECT_TRUE(!GetParam().endless || driver.configurations() > before);
        EXPECT_TRUE(scheduler->exhausted());
    }
}

TEST_P(SchedulerContract, ExtensionInTheMiddleIsTakenAtAnyMoment) {
    for (std::uint64_t seed = 0; seed < repeats(100); ++seed) {
        SCOPED_TRACE(seed);
        const auto scheduler = GetParam().make();
        auto settings = troubled(seed);
        Driver driver(*scheduler, settings);
        for (std::uint64_t step = 0; step < seed * 3; ++step) driver.step();

        driver.extend(GetParam().max * 2 + 1, settings.members + 10);
        for (std::uint64_t step = 0; step < seed; ++step) driver.step();
        driver.extend(GetParam().max * 5, settings.members + 20);

        ASSERT_TRUE(driver.run());
        EXPECT_LE(driver.furthest(), GetParam().max * 5);
        EXPECT_TRUE(scheduler->exhausted());
    }
}

TEST_P(SchedulerContract, TheRungTableAddsUp) {
    for (std::uint64_t seed = 0; seed < repeats(50); ++seed) {
        SCOPED_TRACE(seed);
        const auto scheduler = GetParam().make();
        Driver driver(*scheduler, troubled(seed));
        ASSERT_TRUE(driver.run());

        std::uint64_t born = 0;
        const auto rows = scheduler->rungs();
        if (!GetParam().rungs) {
            for (const auto& row : rows) {
                EXPECT_GE(row.entered, row.finished);
                EXPECT_GE(row.finished, row.promoted);
                born += row.entered;
            }
            EXPECT_TRUE(rows.empty() || born == driver.created());
            continue;
        }
        for (std::size_t i = 0; i < rows.size(); ++i) {
            EXPECT_GE(rows[i].entered, rows[i].finished);
            EXPECT_GE(rows[i].finished, rows[i].promoted);
            if (rows[i].rung == 0) born += rows[i].entered;
            if (i == 0 || rows[i - 1].bracket != rows[i].bracket) {
                EXPECT_EQ(rows[i].rung, 0);
                continue;
            }
            EXPECT_EQ(rows[i].rung, rows[i - 1].rung + 1);
            EXPECT_GT(rows[i].resource, rows[i - 1].resource);
            EXPECT_LE(rows[i].entered, rows[i - 1].promoted);
        }
        EXPECT_EQ(born, driver.configurations());
    }
}

TEST_P(SchedulerContract, SaysWhatItIs) { EXPECT_FALSE(GetParam().make()->describe().empty()); }

}  // namespace stemma::test
