#include "core/printable.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>

namespace stemma {

namespace {

struct Range {
    char32_t first;
    char32_t last;
};

// The same list stands in analysis/stemma/printable.py.
constexpr std::array no_text{
    Range{0x00, 0x1F},       Range{0x7F, 0x9F},                                                    // control characters
    Range{0x61C, 0x61C},     Range{0x200E, 0x200F}, Range{0x202A, 0x202E}, Range{0x2066, 0x2069},  // direction
    Range{0x2028, 0x2029},   Range{0xFEFF, 0xFEFF}, Range{0xFFF9, 0xFFFB},                         // lines, marks
    Range{0xE0000, 0xE007F},                                                                       // tags
};

struct Form {
    std::size_t size;       ///< bytes of the character
    char32_t smallest;      ///< smallest code that needs so many bytes
    unsigned char payload;  ///< payload bits of the first byte
};

Form form_of(unsigned char first) {
    if (first < 0x80) return {1, 0, 0x7F};
    if (first >= 0xC0 && first < 0xE0) return {2, 0x80, 0x1F};
    if (first >= 0xE0 && first < 0xF0) return {3, 0x800, 0x0F};
    if (first >= 0xF0 && first < 0xF8) return {4, 0x10000, 0x07};
    return {0, 0, 0};
}

std::string cleaned(std::string_view text, bool one_line) {
    std::string out;
    out.reserve(text.size());
    while (!text.empty()) {
        const auto next = next_character(text);
        if (next.valid && (next.code == '\n' || next.code == '\t')) {
            out += one_line ? ' ' : static_cast<char>(next.code);
        } else if (next.valid && is_text(next.code)) {
            out += next.bytes;
        } else {
            out += '?';
        }
    }
    return out;
}

}  // namespace

Character next_character(std::string_view& text) {
    const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
    const auto form = form_of(byte(0));
    char32_t code = byte(0) & form.payload;
    bool valid = form.size > 0 && form.size <= text.size();
    for (std::size_t i = 1; valid && i < form.size; ++i) {
        valid = (byte(i) & 0xC0U) == 0x80U;
        code = code << 6U | (byte(i) & 0x3FU);
    }
    valid = valid && code >= form.smallest && code <= 0x10FFFF && (code < 0xD800 || code > 0xDFFF);
    const auto bytes = text.substr(0, valid ? form.size : 1);
    text.remove_prefix(bytes.size());
    return {bytes, valid ? code : 0, valid};
}

bool is_text(char32_t code) {
    return std::ranges::none_of(no_text, [&](const Range& range) { return code >= range.first && code <= range.last; });
}

std::string printable(std::string_view text) { return cleaned(text, false); }

std::string printable_line(std::string_view text) { return cleaned(text, true); }

std::string cut_to_width(std::string_view text, int width) {
    std::size_t end = 0;
    for (int columns = 0; end < text.size(); ++end) {
        const bool starts_a_character = (static_cast<unsigned char>(text[end]) & 0xC0U) != 0x80U;
        if (starts_a_character && ++columns > width) break;
    }
    return std::string(text.substr(0, end));
}

}  // namespace stemma
