#include "runtime/control_file.hpp"

#include <gtest/gtest.h>

#include <fstream>

#include "core/error.hpp"
#include "unit/record/scratch_file.hpp"

namespace stemma {
namespace {

class ControlFileTest : public ::testing::Test {
protected:
    void write(const std::string& text) { std::ofstream(control_path(run_), std::ios::app) << text; }

    testing::ScratchFolder folder_;
    std::filesystem::path run_ = folder_ / "run.h5";
};

TEST_F(ControlFileTest, WishesArriveOnceAndInOrder) {
    ControlFile control(run_);
    EXPECT_TRUE(control.poll().empty()) << "there is no file yet";
    append_control(run_, StopRequested{StopReason::user});
    append_control(run_, MemberStopped{{17}});
    Budget budget{.members = 5, .reports = 6, .resource = 7, .seconds = 8.5, .target = 0.25};
    append_control(run_, BudgetChanged{budget, 81});

    const auto wishes = control.poll();
    ASSERT_EQ(wishes.size(), 3U);
    EXPECT_EQ(std::get<StopRequested>(wishes[0]).reason, StopReason::user);
    EXPECT_EQ(std::get<MemberStopped>(wishes[1]).member, MemberId{17});
    EXPECT_EQ(std::get<BudgetChanged>(wishes[2]).budget, budget);
    EXPECT_EQ(std::get<BudgetChanged>(wishes[2]).max_resource, 81);
    EXPECT_TRUE(control.poll().empty());
}

TEST_F(ControlFileTest, WishesOfAnIncarnationBeforeAreNotObeyed) {
    append_control(run_, StopRequested{});
    ControlFile control(run_);
    EXPECT_TRUE(control.poll().empty());
    append_control(run_, MemberStopped{{1}});
    EXPECT_EQ(control.poll().size(), 1U);
}

TEST_F(ControlFileTest, LinesThatCannotBeReadArePassedOver) {
    ControlFile control(run_);
    write("not JSON\n{}\n{\"stop\": 3}\n[1]\n");
    append_control(run_, MemberStopped{{2}});
    const auto wishes = control.poll();
    ASSERT_EQ(wishes.size(), 1U);
    EXPECT_EQ(std::get<MemberStopped>(wishes[0]).member, MemberId{2});
}

TEST_F(ControlFileTest, ALineIsReadWhenItIsWhole) {
    append_control(run_, MemberStopped{{3}});
    std::ifstream file(control_path(run_));
    std::string line;
    std::getline(file, line);
    std::filesystem::remove(control_path(run_));
    ControlFile control(run_);
    write(line.substr(0, 5));
    EXPECT_TRUE(control.poll().empty());
    write(line.substr(5) + "\n");
    EXPECT_EQ(control.poll().size(), 1U);
}

TEST_F(ControlFileTest, AFolderThatIsNotThereIsAnError) {
    EXPECT_THROW(append_control(folder_ / "nowhere" / "run.h5", StopRequested{}), UserError);
}

}  // namespace
}  // namespace stemma
