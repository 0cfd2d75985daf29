#include "record/hdf5/lock_file.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <functional>
#include <optional>

#include "core/error.hpp"
#include "record/hdf5/lock_holder.hpp"
#include "scratch_file.hpp"
#include "support/errors.hpp"

namespace stemma {
namespace {

using ::testing::HasSubstr;
using ::testing::ThrowsMessage;

class Lock : public ::testing::Test {
protected:
    /// A process that ends after `act` without destructors, as if killed.
    static ::pid_t child(const std::function<void()>& act) {
        const auto pid = ::fork();
        if (pid == 0) {
            act();
            ::_exit(0);
        }
        return pid;
    }
    static auto attempt(const std::filesystem::path& path, record::BatchStart start = {}) {
        return [path, start] { const record::LockFile lock(path, start); };
    }
    /// Writes the lock as a process of another host does.
    void write_elsewhere(const std::string& job, int restarts) {
        testing::write_content(path, record::text_of({"elsewhere", 4242, "17", job, restarts, "pid:[1]"}));
    }

    testing::ScratchFolder folder;
    std::filesystem::path path = folder / "run.h5.lock";
    record::LockHolder self = record::lock_holder_of_this_process({"99", 0});
};

TEST_F(Lock, IsThereWhileItIsHeld) {
    {
        const record::LockFile lock(path, {});
        EXPECT_TRUE(std::filesystem::exists(path));
        EXPECT_EQ(lock.notice(), "");
        EXPECT_THAT(attempt(path), ThrowsMessage<UserError>(HasSubstr("process " + std::to_string(::getpid()))));
    }
    EXPECT_FALSE(std::filesystem::exists(path));
}

TEST_F(Lock, TellsWhetherSomebodyWrites) {
    EXPECT_EQ(record::writer_of(path), record::Writer::none);
    {
        const record::LockFile lock(path, {});
        EXPECT_EQ(record::writer_of(path), record::Writer::here);
    }
    EXPECT_EQ(record::writer_of(path), record::Writer::none);
    write_elsewhere("99", 0);
    EXPECT_EQ(record::writer_of(path), record::Writer::elsewhere);
    std::filesystem::remove(path);
    ::waitpid(child([&] { new record::LockFile(path, {}); }), nullptr, 0);
    EXPECT_EQ(record::writer_of(path), record::Writer::none) << "killed";
}

TEST_F(Lock, OfADeadProcessIsTakenOver) {
    const auto dead = child([&] { new record::LockFile(path, {}); });
    ::waitpid(dead, nullptr, 0);
    ASSERT_TRUE(std::filesystem::exists(path));
    const record::LockFile lock(path, {});
    EXPECT_THAT(lock.notice(), HasSubstr("process " + std::to_string(dead)));
    EXPECT_THAT(testing::content_of(path), HasSubstr(std::to_string(::getpid())));
}

TEST_F(Lock, OfAZombieIsTakenOver) {
    const auto dead = child([&] { new record::LockFile(path, {}); });
    // Ended, but not waited for.
    siginfo_t info{};
    ASSERT_EQ(::waitid(P_PID, static_cast<id_t>(dead), &info, WEXITED | WNOWAIT), 0);
    EXPECT_THAT(record::LockFile(path, {}).notice(), HasSubstr("no longer runs"));
    ::waitpid(dead, nullptr, 0);
}

TEST_F(Lock, OfAReusedProcessNumberIsTakenOver) {
    // This process's number, but another start of it.
    testing::write_content(path, self.host + " " + std::to_string(::getpid()) + " 1 -\n");
    const record::LockFile lock(path, {});
    EXPECT_THAT(lock.notice(), HasSubstr("no longer runs"));
}

TEST_F(Lock, OfALivingProcessOfTheSameJobIsRespected) {
    const record::LockFile lock(path, {"99", 0});
    EXPECT_THAT(attempt(path, {"99", 0}), ThrowsMessage<UserError>(HasSubstr("batch job 99")));
    EXPECT_THAT(attempt(path, {"99", 1}), ThrowsMessage<UserError>(HasSubstr("batch job 99")));
}

TEST_F(Lock, OfAnotherHostIsRespected) {
    write_elsewhere("99", 0);
    EXPECT_THAT(attempt(path), ThrowsMessage<UserError>(HasSubstr("elsewhere")));
    EXPECT_THAT(attempt(path, {"98", 1}), ThrowsMessage<UserError>(HasSubstr("remove the lock file")));
}

TEST_F(Lock, OfAnotherHostInTheSameStartOfTheJobIsRespected) {
    write_elsewhere("99", 1);
    EXPECT_THAT(attempt(path, {"99", 1}), ThrowsMessage<UserError>(HasSubstr("on host elsewhere, batch job 99")));
    EXPECT_THAT(attempt(path, {"99", 0}), ThrowsMessage<UserError>(HasSubstr("remove the lock file")));
}

TEST_F(Lock, OfAnEarlierStartOfTheBatchJobIsTakenOverWhereverItRan) {
    write_elsewhere("99", 1);
    const record::LockFile lock(path, {"99", 2});
    EXPECT_THAT(lock.notice(), HasSubstr("an earlier start of the same batch job"));
    EXPECT_THAT(attempt(path), ThrowsMessage<UserError>(HasSubstr("process " + std::to_string(::getpid()))));
}

/// Its node is gone, but the file server has not noticed that yet and keeps the lock. A living process stands in for
/// that here.
TEST_F(Lock, OfAnEarlierStartIsTakenOverThoughTheFileServerStillKeepsIt) {
    const record::LockFile kept(path, {});
    write_elsewhere("99", 0);
    const record::LockFile lock(path, {"99", 1});
    EXPECT_THAT(lock.notice(), HasSubstr("an earlier start of the same batch job"));
    EXPECT_THAT(attempt(path), ThrowsMessage<UserError>(HasSubstr("process " + std::to_string(::getpid()))));
}

TEST_F(Lock, ComesBackWhenItWasRemovedWhileItsProcessLives) {
    record::LockFile lock(path, {});
    std::filesystem::remove(path);
    lock.renew();
    EXPECT_THAT(attempt(path), ThrowsMessage<UserError>(HasSubstr("process " + std::to_string(::getpid()))));
    lock.renew();
    EXPECT_TRUE(std::filesystem::exists(path));
}

TEST_F(Lock, ThatAnotherHasTakenOverIsNotTakenBack) {
    {
        record::LockFile lock(path, {});
        std::filesystem::remove(path);
        write_elsewhere("99", 0);
        EXPECT_THAT([&] { lock.renew(); }, ThrowsMessage<UserError>(HasSubstr("process 4242 on host elsewhere has "
                                                                              "taken over the run file")));
    }
    EXPECT_TRUE(std::filesystem::exists(path)) << "it belongs to the other process";
}

TEST_F(Lock, CannotComeBackWhereItsFolderIsGone) {
    testing::ScratchFolder other;
    record::LockFile lock(other / "run.h5.lock", {});
    std::filesystem::remove_all(other / "");
    lock.renew();  // the writes to the run file will say what is wrong
    EXPECT_FALSE(std::filesystem::exists(other / "run.h5.lock"));
}

TEST_F(Lock, OfAContainerWithTheHostsNameIsJudgedByTheKernelAlone) {
    // Process 1 runs here, and 4194304 does not. Neither number means anything in another namespace.
    for (const long pid : {1L, 4194304L}) {
        const record::LockHolder other{self.host, pid, "17", "", 0, "pid:[1]"};
        EXPECT_EQ(record::why_gone(other, self, record::Flock::others), "");
        EXPECT_EQ(record::why_gone(other, self, record::Flock::unknown), "");
        EXPECT_EQ(record::why_gone(other, self, record::Flock::ours), "which no longer runs");
    }
}

TEST_F(Lock, AChildDoesNotKeepIt) {
    ::pid_t grandchild = 0;
    std::string notice;
    int told[2];
    ASSERT_EQ(::pipe(told), 0);
    const auto dead = child([&] {
        new record::LockFile(path, {});
        child([&] {  // tells by itself, when its fork is over
            const auto grandchild_itself = ::getpid();
            static_cast<void>(!::write(told[1], &grandchild_itself, sizeof(grandchild_itself)));
            ::pause();
        });
    });
    ::waitpid(dead, nullptr, 0);
    ASSERT_EQ(::read(told[0], &grandchild, sizeof(grandchild)), static_cast<ssize_t>(sizeof(grandchild)));
    EXPECT_NO_THROW(notice = record::LockFile(path, {}).notice());
    ::kill(grandchild, SIGKILL);
    EXPECT_THAT(notice, HasSubstr("process " + std::to_string(dead)));
}

TEST_F(Lock, AChildDoesNotReleaseIt) {
    std::optional<record::LockFile> lock;
    lock.emplace(path, record::BatchStart{});
    ::waitpid(child([&] { lock.reset(); }), nullptr, 0);
    EXPECT_TRUE(std::filesystem::exists(path));
    EXPECT_THAT(attempt(path), ThrowsMessage<UserError>(HasSubstr("process " + std::to_string(::getpid()))));
}

TEST_F(Lock, AFileThatIsNoLockIsLeftAlone) {
    testing::write_content(path, "notes\n");
    EXPECT_ERROR(record::LockFile(path, {}), UserError, "is not a lock of this program");
    EXPECT_EQ(testing::content_of(path), "notes\n");
}

TEST_F(Lock, AnEmptyOneOfAProcessThatDiedAtItsStartIsTakenOver) {
    testing::write_content(path, "");
    const record::LockFile lock(path, {});
    EXPECT_THAT(testing::content_of(path), HasSubstr(std::to_string(::getpid())));
}

TEST_F(Lock, ALinkIsRefusedAndWhatItPointsToIsLeftAlone) {
    testing::write_content(folder / "precious", "");
    std::filesystem::create_symlink(folder / "precious", path);
    EXPECT_THAT(attempt(path), ThrowsMessage<UserError>(HasSubstr("is a link")));
    EXPECT_EQ(testing::content_of(folder / "precious"), "");
}

}  // namespace
}  // namespace stemma
