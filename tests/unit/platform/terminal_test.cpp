#include "platform/terminal.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

namespace stemma {
namespace {

class TerminalTest : public testing::Test {
protected:
    ~TerminalTest() override { ::close(null_); }
    int null_ = ::open("/dev/null", O_WRONLY);
};

TEST_F(TerminalTest, AFileIsNotWatched) {
    const auto terminal = terminal_of(null_, {{"TERM", "xterm"}});

    EXPECT_FALSE(terminal.live);
    EXPECT_FALSE(terminal.color);
    EXPECT_EQ(terminal.width, 80);
}

TEST_F(TerminalTest, AWrapperSaysWhatItKnows) {
    const auto watched = terminal_of(null_, {{"STEMMA_TERMINAL", "132"}});
    EXPECT_TRUE(watched.live);
    EXPECT_TRUE(watched.color);
    EXPECT_EQ(watched.width, 132);

    EXPECT_FALSE(terminal_of(null_, {{"STEMMA_TERMINAL", "0"}}).live);
    EXPECT_FALSE(terminal_of(null_, {{"STEMMA_TERMINAL", "132"}, {"NO_COLOR", ""}}).color);
    EXPECT_FALSE(terminal_of(null_, {{"STEMMA_TERMINAL", "132"}, {"TERM", "dumb"}}).live);
}

}  // namespace
}  // namespace stemma
