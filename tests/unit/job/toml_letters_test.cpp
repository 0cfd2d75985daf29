// Letters beyond ASCII: where TOML has them, and where it has not.
#include "app/job/toml_letters.hpp"

#include "unit/job/job_texts.hpp"

namespace stemma::job_test {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;

TEST(TomlLetters, InStringsAndCommentsTheyStay) {
    for (const std::string text :
         {"a = \"é\" # é", "'é' \"\"\"é\"\"\"", "'''é'''' # é", "\"\"\"\\\"\"\"é\"\"\"", "\"\\\"é\"",
          "\xEF\xBB\xBF"
          "a = 1",
          "'\\' # é", "\"\"\"é\"\"\"\"\" # é", "\"\" # é", "''''''#é"}) {
        const auto letters = detail::toml_letters(text);
        EXPECT_EQ(letters.text, text);
        EXPECT_EQ(letters.outside, std::string::npos) << text;
    }
}

TEST(TomlLetters, AfterALineContinuationTheyAreWrittenAsEscapes) {
    const auto escaped = [](std::string_view text) { return detail::toml_letters(text).text; };
    EXPECT_EQ(escaped("\"\"\"\\\n  é\"\"\""), "\"\"\"\\\n  \\U000000E9\"\"\"");
    EXPECT_EQ(escaped("\"\"\"\\ \r\n\n\\\n😀x\"\"\""), "\"\"\"\\ \r\n\n\\\n\\U0001F600x\"\"\"");
    EXPECT_EQ(escaped("\"\"\"\\é\"\"\""), "\"\"\"\\?\"\"\"") << "no escape of TOML";
    EXPECT_EQ(escaped("\"\"\"\\\\é\"\"\""), "\"\"\"\\\\é\"\"\"") << "a backslash, and a letter";
    EXPECT_EQ(escaped("'''\\\né'''"), "'''\\\né'''") << "such strings have no escapes";
    EXPECT_EQ(escaped("\"\"\"\\\n\xFFx"), "\"\"\"\\\n\xFFx") << "no UTF-8: the parser says so";
}

TEST(TomlLetters, OutsideOfStringsTheyAreFound) {
    EXPECT_EQ(detail::toml_letters("é = 1").outside, 0U);
    EXPECT_EQ(detail::toml_letters("a = 'é' é").outside, 9U);
    EXPECT_EQ(detail::toml_letters("a = '\né").outside, 6U) << "such a string ends with its line";
}

TEST(TomlLetters, AJobSaysWhereTheyStand) {
    EXPECT_THAT(errors_of("a = 'x' # é\nb = 'é' é"),
                ElementsAre(AllOf(HasSubstr("x.toml:2:9:"), HasSubstr("outside quotes"))));
    EXPECT_THAT(errors_of("a = [1\n[b = é"), ElementsAre(AllOf(HasSubstr("not valid TOML"), HasSubstr("x.toml:2:"))));
    EXPECT_THAT(errors_of("a = \"\"\"\\é\"\"\""), ElementsAre(HasSubstr("not valid TOML")));
}

TEST(TomlLetters, AJobReadsThem) {
    for (const std::string name : {"\"é\"", "'é' # ü", "\"\"\"\\\n  é\"\"\""}) {
        EXPECT_EQ(parse("\xEF\xBB\xBF" + with(toy_job, "[run]", "[run]\nname = " + name)).run.name, "é") << name;
    }
}

}  // namespace
}  // namespace stemma::job_test
