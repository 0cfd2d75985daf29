#include "record/hdf5/lock_file.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fstream>

#include "core/error.hpp"
#include "scratch_file.hpp"

namespace stemma {
namespace {

using ::testing::HasSubstr;
using ::testing::ThrowsMessage;

class Lock : public ::testing::Test {
protected:
    testing::ScratchFolder folder;
    std::filesystem::path path = folder / "run.h5.lock";
};

TEST_F(Lock, IsThereWhileItIsHeld) {
    {
        const LockFile lock(path, "");
        EXPECT_TRUE(std::filesystem::exists(path));
        EXPECT_EQ(lock.notice(), "");
        EXPECT_THAT([&] { const LockFile other(path, ""); },
                    ThrowsMessage<UserError>(HasSubstr("process " + std::to_string(::getpid()))));
    }
    EXPECT_FALSE(std::filesystem::exists(path));
}

TEST_F(Lock, TellsWhetherSomebodyWrites) {
    EXPECT_EQ(writer_of(path), Writer::none);
    {
        const LockFile lock(path, "");
        EXPECT_EQ(writer_of(path), Writer::here);
    }
    EXPECT_EQ(writer_of(path), Writer::none);
    std::ofstream(path) << "elsewhere 1 1 -\n";
    EXPECT_EQ(writer_of(path), Writer::elsewhere);
    std::filesystem::remove(path);
    const auto child = ::fork();
    if (child == 0) {
        const LockFile lock(path, "");
        ::_exit(0);
    }
    ::waitpid(child, nullptr, 0);
    EXPECT_EQ(writer_of(path), Writer::none) << "killed";
}

TEST_F(Lock, OfADeadProcessIsTakenOver) {
    const auto child = ::fork();
    if (child == 0) {
        const LockFile lock(path, "");
        ::_exit(0);  // as killed: no destructor
    }
    ::waitpid(child, nullptr, 0);
    ASSERT_TRUE(std::filesystem::exists(path));
    const LockFile lock(path, "");
    EXPECT_THAT(lock.notice(), HasSubstr("process " + std::to_string(child)));
    EXPECT_THAT(testing::content_of(path), HasSubstr(std::to_string(::getpid())));
}

TEST_F(Lock, OfAZombieIsTakenOver) {
    const auto child = ::fork();
    if (child == 0) {
        const LockFile lock(path, "");
        ::_exit(0);
    }
    // Ended, but not waited for.
    siginfo_t info{};
    ASSERT_EQ(::waitid(P_PID, static_cast<id_t>(child), &info, WEXITED | WNOWAIT), 0);
    EXPECT_THAT(LockFile(path, "").notice(), HasSubstr("no longer runs"));
    ::waitpid(child, nullptr, 0);
}

TEST_F(Lock, OfAReusedProcessNumberIsTakenOver) {
    std::string host;
    {
        const LockFile lock(path, "");
        host = testing::content_of(path);
        host.resize(host.find(' '));
    }
    // This process's number, but another start of it.
    testing::write_content(path, host + " " + std::to_string(::getpid()) + " 1 -\n");
    const LockFile lock(path, "");
    EXPECT_THAT(lock.notice(), HasSubstr("no longer runs"));
}

TEST_F(Lock, OfAnotherHostIsRespected) {
    testing::write_content(path, "elsewhere 4242 17 99\n");
    EXPECT_THAT([&] { const LockFile lock(path, ""); }, ThrowsMessage<UserError>(HasSubstr("elsewhere")));
    EXPECT_THAT([&] { const LockFile lock(path, "98"); }, ThrowsMessage<UserError>(HasSubstr("remove the lock file")));
}

TEST_F(Lock, OfTheSameBatchJobIsTakenOverWhereverItRan) {
    testing::write_content(path, "elsewhere 4242 17 99\n");
    const LockFile lock(path, "99");
    EXPECT_THAT(lock.notice(), HasSubstr("same batch job"));
}

TEST_F(Lock, AFileThatIsNoLockIsLeftAlone) {
    testing::write_content(path, "notes\n");
    EXPECT_THROW(LockFile(path, ""), UserError);
    EXPECT_EQ(testing::content_of(path), "notes\n");
}

}  // namespace
}  // namespace stemma
