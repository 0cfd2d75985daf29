#include "app/job/toml_letters.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdio>

namespace stemma::detail {
namespace {

constexpr std::string_view byte_order_mark = "\xEF\xBB\xBF";
constexpr std::string_view blanks = " \t\r\n";

bool is_ascii(char c) { return static_cast<unsigned char>(c) < 0x80; }

/// The bytes of the character at the start of `text`, of which the first is not ASCII; 0: they are no UTF-8.
std::size_t length_of(std::string_view text) {
    const auto first = static_cast<unsigned char>(text[0]);
    const std::size_t length = first >= 0xF0 ? 4 : first >= 0xE0 ? 3 : first >= 0xC2 ? 2 : 0;
    if (length > text.size() || first > 0xF4) return 0;
    for (std::size_t i = 1; i < length; ++i) {
        if ((static_cast<unsigned char>(text[i]) & 0xC0U) != 0x80U) return 0;
    }
    return length;
}

std::string escape_of(std::string_view character) {
    auto code = static_cast<unsigned char>(character[0]) & (0xFFU >> (character.size() + 1));
    for (const char c : character.substr(1)) code = (code << 6U) | (static_cast<unsigned char>(c) & 0x3FU);
    std::array<char, 16> text{};
    std::snprintf(text.data(), text.size(), "\\U%08X", code);
    return text.data();
}

/// The string at the start of `text`, with both of its quotes, is copied to `to`; returns its bytes in `text`.
std::size_t copy_string(std::string_view text, std::string& to) {
    const char quote = text[0];
    const bool lines = text.starts_with(std::string(3, quote));
    const auto end_mark = std::string(lines ? 3 : 1, quote);
    std::size_t i = end_mark.size();
    to += end_mark;
    while (i < text.size()) {
        const auto rest = text.substr(i);
        if (!lines && rest[0] == '\n') return i;
        if (rest.starts_with(end_mark)) {
            for (std::size_t more = 0; lines && more < 2 && rest.substr(3 + more).starts_with(quote); ++more, ++i)
                to += quote;
            to += end_mark;
            return i + end_mark.size();
        }
        to += rest[0];
        ++i;
        if (quote != '"' || rest[0] != '\\' || rest.size() == 1) continue;
        auto skipped = lines ? rest.find_first_not_of(blanks, 1) : std::size_t{1};
        if (skipped == std::string_view::npos) skipped = rest.size();
        to += rest.substr(1, skipped - 1);
        i += skipped - 1;
        if (skipped < rest.size() && !is_ascii(rest[skipped])) {
            const auto length = length_of(rest.substr(skipped));
            if (length == 0) continue;
            to += skipped == 1 ? "?" : escape_of(rest.substr(skipped, length));
            i += length;
        } else if (skipped == 1) {
            to += rest[1];
            ++i;
        }
    }
    return i;
}

}  // namespace

TomlLetters toml_letters(std::string_view text) {
    TomlLetters out;
    out.text.reserve(text.size());
    std::size_t i = text.starts_with(byte_order_mark) ? byte_order_mark.size() : 0;
    out.text += text.substr(0, i);
    while (i < text.size()) {
        if (text[i] == '#') {
            const auto end = std::min(text.find('\n', i), text.size());
            out.text += text.substr(i, end - i);
            i = end;
        } else if (text[i] == '"' || text[i] == '\'') {
            i += copy_string(text.substr(i), out.text);
        } else {
            if (!is_ascii(text[i]) && out.outside == std::string::npos) out.outside = out.text.size();
            out.text += text[i++];
        }
    }
    return out;
}

}  // namespace stemma::detail
