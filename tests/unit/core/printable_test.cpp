#include "core/printable.hpp"

#include <gtest/gtest.h>

namespace stemma {
namespace {

TEST(Printable, NothingForATerminalIsLeft) {
    EXPECT_EQ(printable("a\tb\nc"), "a\tb\nc");
    EXPECT_EQ(printable("\x1b[31mred\x07"), "?[31mred?");
    EXPECT_EQ(printable("over\rwritten\b"), "over?written?");
    EXPECT_EQ(printable(std::string_view("\0\x7f", 2)), "??");
    EXPECT_EQ(printable("caf\xc3\xa9"), "caf\xc3\xa9");
    EXPECT_EQ(printable("\xf0\x9f\x98\x80 \xe6\x97\xa5"), "\xf0\x9f\x98\x80 \xe6\x97\xa5");
}

TEST(Printable, ControlCharactersOfTheSecondSetAreNoText) {
    EXPECT_EQ(printable("\xc2\x9b"
                        "2J"),
              "?2J");                                                // CSI, as UTF-8
    EXPECT_EQ(printable("\xc2\x80\xc2\x9f\xc2\xa0"), "??\xc2\xa0");  // a blank that does not break is text
    EXPECT_EQ(printable("\x9b"
                        "2J"),
              "?2J");
}

TEST(Printable, TextIsWrittenInOneDirection) {
    EXPECT_EQ(printable("\xe2\x80\xae"
                        "evil"),
              "?evil");                                                            // U+202E
    EXPECT_EQ(printable("\xe2\x81\xa6\xe2\x81\xa9\xe2\x80\x8f\xd8\x9c"), "????");  // U+2066, U+2069, U+200F, U+061C
    EXPECT_EQ(printable("\xe2\x80\xa8\xe2\x80\xa9\xef\xbb\xbf\xf3\xa0\x81\x81"), "????");  // lines, BOM, a tag
    EXPECT_EQ(printable("\xd7\xa9\xd7\x9c"), "\xd7\xa9\xd7\x9c");                          // Hebrew is text
}

TEST(Printable, WhatIsNoUtf8IsReplacedByteByByte) {
    EXPECT_EQ(printable("caf\xe9!"), "caf?!");
    EXPECT_EQ(printable("\xe2\x82"), "??");
    EXPECT_EQ(printable("\xc0\x9b"), "??");            // longer than need be
    EXPECT_EQ(printable("\xe0\x82\x9b"), "???");       // the same of three bytes
    EXPECT_EQ(printable("\xed\xa0\x80"), "???");       // half of a pair
    EXPECT_EQ(printable("\xf4\x90\x80\x80"), "????");  // beyond the last code point
    EXPECT_EQ(printable("\xff\xfe"), "??");
}

TEST(Printable, ANameIsOneLine) {
    EXPECT_EQ(printable_line("a\nb\tc\r\n"), "a b c? ");
    EXPECT_EQ(printable_line(""), "");
}

TEST(Printable, AnyTwoBytesBecomeText) {
    for (int first = 0; first < 256; ++first) {
        for (int second = 0; second < 256; ++second) {
            const std::string text{static_cast<char>(first), static_cast<char>(second), 'x'};
            const auto shown = printable_line(text);
            EXPECT_EQ(printable_line(shown), shown);
            for (std::string_view left = shown; !left.empty();) {
                const auto next = next_character(left);
                EXPECT_TRUE(next.valid && is_text(next.code)) << first << " " << second;
            }
        }
    }
}

TEST(CutToWidth, CountsCharactersNotBytes) {
    EXPECT_EQ(cut_to_width("abcdef", 3), "abc");
    EXPECT_EQ(cut_to_width("abc", 10), "abc");
    EXPECT_EQ(cut_to_width("\u03b7=4 \u2026", 2), "\u03b7=");
    EXPECT_EQ(cut_to_width("abc", 0), "");
}

}  // namespace
}  // namespace stemma
