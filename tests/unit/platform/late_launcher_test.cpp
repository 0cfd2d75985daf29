#include "platform/late_launcher.hpp"

#include <gtest/gtest.h>
#include <sys/wait.h>

#include <csignal>
#include <cstdlib>

namespace stemma {
namespace {

/// How a process ended that was to end within a second.
int status_of(void (*life)()) {
    const auto process = ::fork();
    if (process == 0) {
        life();
        ::_exit(3);
    }
    end_late_process(process, std::chrono::seconds(1));
    int status = 0;
    EXPECT_EQ(::waitpid(process, &status, 0), process);
    return status;
}

TEST(LateLauncher, IsToldToEnd) {
    const int status = status_of([] { ::pause(); });
    EXPECT_TRUE(WIFSIGNALED(status) && WTERMSIG(status) == SIGTERM) << status;
}

TEST(LateLauncher, IsKilledIfItDoesNot) {
    const int status = status_of([] {
        ::signal(SIGTERM, SIG_IGN);
        while (true) ::pause();
    });
    EXPECT_TRUE(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL) << status;
}

TEST(LateLauncher, IsLeftAloneIfItEnds) {
    const int status = status_of([] {});
    EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 3) << status;
}

TEST(LateLauncher, IsNoOtherParent) {
    end_late_launcher(std::chrono::seconds(0));  // of this test's parent, which is no mpirun
    ::sleep(1);
    SUCCEED() << "ctest or a shell is still there";
}

}  // namespace
}  // namespace stemma
