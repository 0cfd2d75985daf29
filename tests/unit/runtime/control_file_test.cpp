#include "runtime/control_file.hpp"

#include <gtest/gtest.h>

#include <fstream>

#include "core/error.hpp"
#include "support/errors.hpp"
#include "unit/record/scratch_file.hpp"

namespace stemma {
namespace {

class ControlFileTest : public ::testing::Test {
protected:
    void write(const std::string& text) { std::ofstream(control_path(run_), std::ios::app) << text; }
    void ask(const ControlBody& body, const std::string& run_id = "a1") { append_control(run_, run_id, 17, body); }
    /// The view of a start whose record has committed so many inputs.
    ControlFile start(std::uint64_t inputs = 0) const { return {run_, "a1", inputs}; }

    testing::ScratchFolder folder_;
    std::filesystem::path run_ = folder_ / "run.h5";
};

TEST_F(ControlFileTest, RequestsArriveOnceAndInOrder) {
    auto control = start();
    EXPECT_TRUE(control.poll().empty()) << "there is no file yet";
    ask(input::StopRequested{StopReason::user});
    ask(input::MemberStopped{{17}});
    const BudgetRequest budget{.members = 5, .seconds = 8.5, .target = 0.25, .max_resource = 81};
    ask(budget);

    const auto requests = control.poll();
    ASSERT_EQ(requests.size(), 3U);
    EXPECT_EQ(std::get<input::StopRequested>(requests[0].body).reason, StopReason::user);
    EXPECT_EQ(requests[0].asked, 17);
    EXPECT_EQ(std::get<input::MemberStopped>(requests[1].body).member, MemberId{17});
    EXPECT_EQ(std::get<BudgetRequest>(requests[2].body), budget);
    EXPECT_TRUE(control.poll().empty());
}

TEST_F(ControlFileTest, WhatWasAskedWhileNothingRanWaitsForTheNextStart) {
    ask(input::StopRequested{});
    EXPECT_EQ(start().poll().size(), 1U);
    EXPECT_EQ(start().poll().size(), 1U) << "reading is not obeying";
}

TEST_F(ControlFileTest, ARequestCountsOnceItsInputIsCommittedAndNotBefore) {
    ask(input::MemberStopped{{1}});
    ask(input::MemberStopped{{2}});
    auto first = start(10);
    const auto requests = first.poll();
    first.take(requests.at(0), 10);
    first.take(requests.at(1), 11);

    EXPECT_EQ(start(10).poll().size(), 2U) << "killed before any of them was committed";
    const auto left = start(11).poll();
    ASSERT_EQ(left.size(), 1U) << "killed between the two";
    EXPECT_EQ(std::get<input::MemberStopped>(left[0].body).member, MemberId{2});
    EXPECT_TRUE(start(12).poll().empty());
    EXPECT_TRUE(first.poll().empty()) << "its own notes are no requests";
}

TEST_F(ControlFileTest, ARequestThatWasTakenAgainAfterAKillIsDone) {
    ask(input::StopRequested{});
    for (const std::uint64_t input : {20U, 15U}) {
        auto control = start(15);
        control.take(control.poll().at(0), input);
    }
    EXPECT_TRUE(start(16).poll().empty());
}

TEST_F(ControlFileTest, ADroppedRequestIsNotObeyed) {
    ask(input::StopRequested{});
    ask(input::MemberStopped{{1}});
    auto control = start();
    control.drop(control.poll().at(0));

    const auto left = start().poll();
    ASSERT_EQ(left.size(), 1U);
    EXPECT_TRUE(std::holds_alternative<input::MemberStopped>(left[0].body));
}

TEST_F(ControlFileTest, RequestsForARunThatHadTheNameBeforeAreNotObeyed) {
    ask(input::StopRequested{}, "b2");
    write("{\"wish\":\"stop\"}\n");
    EXPECT_TRUE(start().poll().empty());
}

TEST_F(ControlFileTest, LinesThatCannotBeReadArePassedOver) {
    auto control = start();
    write(
        "not JSON\n{}\n{\"stop\": 3}\n[1]\n{\"run\":\"a1\"}\n{\"run\":\"a1\",\"wish\":3}\n"
        "{\"run\":\"a1\",\"taken\":\"x\"}\n{\"run\":\"a1\",\"wish\":\"budget\",\"members\":-1.5e300}\n");
    ask(input::MemberStopped{{2}});
    const auto requests = control.poll();
    ASSERT_FALSE(requests.empty());
    EXPECT_EQ(std::get<input::MemberStopped>(requests.back().body).member, MemberId{2});
}

TEST_F(ControlFileTest, ALineIsReadWhenItIsWhole) {
    ask(input::MemberStopped{{3}});
    std::ifstream file(control_path(run_));
    std::string line;
    std::getline(file, line);
    std::filesystem::remove(control_path(run_));
    auto control = start();
    write(line.substr(0, 5));
    EXPECT_TRUE(control.poll().empty());
    write(line.substr(5) + "\n");
    EXPECT_EQ(control.poll().size(), 1U);
}

TEST_F(ControlFileTest, AFolderThatIsNotThereIsAnError) {
    EXPECT_ERROR(append_control(folder_ / "nowhere" / "run.h5", "a1", 0, input::StopRequested{}), UserError,
                 "cannot be written: check that you may write beside the run file");
}

TEST(BudgetRequest, LeavesWhatItDoesNotName) {
    const Budget in_force{.members = 5, .reports = 6, .resource = 7, .seconds = 8.5, .target = 0.25};

    const auto changed = changed_budget(in_force, {.members = 9, .max_resource = 81});

    EXPECT_EQ(changed.budget, (Budget{.members = 9, .reports = 6, .resource = 7, .seconds = 8.5, .target = 0.25}));
    EXPECT_EQ(changed.max_resource, 81);
}

}  // namespace
}  // namespace stemma
