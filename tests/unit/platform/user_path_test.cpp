#include "platform/user_path.hpp"

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "core/error.hpp"
#include "support/errors.hpp"

namespace stemma {
namespace {

const Environment environment{{"HOME", "/users/ada"}, {"SCRATCH", "/scratch"}, {"A_1", "x"}};

TEST(UserPath, ReplacesHomeAndVariables) {
    EXPECT_EQ(expanded("~/runs/a.h5", environment), "/users/ada/runs/a.h5");
    EXPECT_EQ(expanded("~", environment), "/users/ada");
    EXPECT_EQ(expanded("$SCRATCH/$A_1/${A_1}y", environment), "/scratch/x/xy");
    EXPECT_EQ(expanded("a$$b", environment), "a$b");
}

TEST(UserPath, LeavesOtherTextUnchanged) {
    for (const auto* text : {"", "a~/b", "~ada/x", "cost$", "$(date)", "$1", "${A_1", "a b"})
        EXPECT_EQ(expanded(text, environment), text);
}

TEST(UserPath, NamesAVariableThatIsNotSet) {
    EXPECT_ERROR(expanded("$WORK/x", environment), UserError, "no variable WORK, which \"$WORK/x\" names");
    EXPECT_EQ(expanded("$WORK/x", environment, Unset::kept), "$WORK/x");
    EXPECT_EQ(expanded("${WORK}/x", environment, Unset::kept), "${WORK}/x");
}

TEST(UserPath, PlacesRelativePathsInTheFolder) {
    EXPECT_EQ(placed_path("data.csv", "/jobs"), "/jobs/data.csv");
    EXPECT_EQ(placed_path("../data.csv", "/jobs/energy"), "/jobs/data.csv");
    EXPECT_EQ(placed_path("/data.csv", "/jobs"), "/data.csv");
    EXPECT_EQ(placed_path("", "/jobs"), "");
    EXPECT_EQ(placed_path("data.csv", ""), "data.csv");
}

class PlacedWord : public testing::Test {
protected:
    PlacedWord() {
        std::filesystem::create_directories(folder_);
        std::ofstream(folder_ / "train.py") << "pass";
    }
    ~PlacedWord() override { std::filesystem::remove_all(folder_); }
    std::string placed(const std::string& word) const { return placed_word(word, folder_.string()); }

    std::filesystem::path folder_ =
        std::filesystem::path(testing::TempDir()) / ("stemma-words-" + std::to_string(::getpid()));
};

TEST_F(PlacedWord, MeansAFileOfTheFolder) {
    const auto file = (folder_ / "train.py").string();
    EXPECT_EQ(placed("train.py"), file);
    EXPECT_EQ(placed("./train.py"), file);
    EXPECT_EQ(placed("--config=train.py"), "--config=" + file);
}

TEST_F(PlacedWord, IsUnchangedOtherwise) {
    for (const auto* word : {"python3", "--lr={lr}", "train", "/train.py", "-", "--x=", ".", "$NO_SUCH_VARIABLE_HERE"})
        EXPECT_EQ(placed(word), word);
    EXPECT_EQ(placed("cd $HOME; python3 train.py"), "cd $HOME; python3 train.py");  // a script of its own
}

}  // namespace
}  // namespace stemma
