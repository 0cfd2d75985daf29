#include "trainer/process/command_template.hpp"

#include <gmock/gmock.h>

namespace stemma {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

std::vector<std::string> filled(std::vector<std::string> words, const std::map<std::string, std::string>& values) {
    return CommandTemplate(std::move(words)).filled(values);
}

TEST(CommandTemplate, FillsPlaceholdersWhereverTheyStand) {
    EXPECT_THAT(
        filled({"python3", "{script}", "--lr={lr}", "a{x}b{x}"}, {{"script", "t.py"}, {"lr", "0.1"}, {"x", "1"}}),
        ElementsAre("python3", "t.py", "--lr=0.1", "a1b1"));
}

TEST(CommandTemplate, NamesEachPlaceholderOnce) {
    EXPECT_THAT(CommandTemplate({"{b}", "{a}{b}", "x"}).names(), ElementsAre("b", "a"));
    EXPECT_THAT(CommandTemplate({"python3", "train.py"}).names(), IsEmpty());
    EXPECT_THAT(CommandTemplate({"{optim.lr}", "{val/acc}"}).names(), ElementsAre("optim.lr", "val/acc"));
}

TEST(CommandTemplate, DropsWordsWithoutAValue) {
    EXPECT_THAT(filled({"x", "--resume={start}", "{momentum}", "{lr}{start}"}, {{"start", ""}, {"lr", "1"}}),
                ElementsAre("x"));
}

TEST(CommandTemplate, LeavesBracesThatHoldNoName) {
    for (const auto* word : {"{}", "{", "}", "}}", "{a b}", R"({"a":{"b":1}})", "{a:1}", "{'a'}", "print({a, b})"}) {
        EXPECT_THAT(CommandTemplate({word}).names(), IsEmpty()) << word;
        EXPECT_THAT(filled({word}, {}), ElementsAre(word));
    }
}

TEST(CommandTemplate, WritesABraceForTwo) {
    EXPECT_THAT(filled({"{{lr}}", "{{", "{{{lr}}}", R"({"lr": {lr}})"}, {{"lr", "0.1"}}),
                ElementsAre("{lr}", "{", "{0.1}", R"({"lr": 0.1})"));
}

TEST(CommandTemplate, FindsAnOptionThatWouldBeLeftAlone) {
    const std::vector<std::string> empty{"start"};
    EXPECT_EQ(CommandTemplate({"x", "--resume", "{start}"}).left_alone(empty), "--resume");
    EXPECT_EQ(CommandTemplate({"x", "--resume={start}", "--lr", "{lr}"}).left_alone(empty), "");
    EXPECT_EQ(CommandTemplate({"x", "--a=b", "{start}"}).left_alone(empty), "");
    EXPECT_EQ(CommandTemplate({"x", "-", "{start}"}).left_alone(empty), "");
}

}  // namespace
}  // namespace stemma
