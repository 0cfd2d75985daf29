#include "options/words.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdint>

#include "core/suggest.hpp"

namespace stemma {

std::string in_quotes(std::string_view text) {
    constexpr std::size_t bytes_max = 60;
    std::string out = "\"";
    std::size_t end = std::min(text.size(), bytes_max);
    // Do not cut a UTF-8 sequence in two.
    while (end < text.size() && end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0U) == 0x80U) --end;
    for (const char c : text.substr(0, end)) {
        const auto byte = static_cast<unsigned char>(c);
        if (byte < 0x20 || byte == 0x7F) {
            constexpr std::string_view digits = "0123456789abcdef";
            out += c == '\n' ? "\\n" : c == '\t' ? "\\t" : std::string("\\x") + digits[byte >> 4U] + digits[byte & 15U];
        } else {
            out += c;
        }
    }
    return out + (end < text.size() ? "...\"" : "\"");
}

std::string alternatives(const std::vector<std::string>& words) {
    std::string out;
    for (std::size_t i = 0; i < words.size(); ++i) {
        if (i > 0) out += i + 1 == words.size() ? " or " : ", ";
        out += in_quotes(words[i]);
    }
    return out;
}

std::string suggestion(std::string_view word, const std::vector<std::string>& known) {
    constexpr std::size_t bytes_max = 64;
    constexpr std::size_t known_max = 1000;
    if (word.size() > bytes_max || known.size() > known_max) return "";
    return did_you_mean(word, known);
}

std::string american(std::string_view word) {
    std::string out(word);
    for (const std::string_view british : {"timise", "timisa", "nimise", "nimisa", "ximise", "ximisa"}) {
        for (auto at = out.find(british); at != std::string::npos; at = out.find(british, at)) out[at + 4] = 'z';
    }
    return out;
}

std::string number_text(double value) {
    if (std::abs(value) <= 0x1p53 && value == std::trunc(value))
        return std::to_string(static_cast<std::int64_t>(value));
    char buffer[32];
    const auto result = std::to_chars(buffer, buffer + sizeof buffer, value);
    return {buffer, result.ptr};
}

}  // namespace stemma
