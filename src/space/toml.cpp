#include "space/toml.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "core/printable.hpp"

namespace stemma {

std::string toml_text(std::string_view text) {
    std::string out = "\"";
    while (!text.empty()) {
        const auto next = next_character(text);
        if (next.code == '"' || next.code == '\\') {
            out += '\\';
            out += next.bytes;
        } else if (next.valid && !is_text(next.code)) {
            out += fmt::format("\\U{:08X}", static_cast<std::uint32_t>(next.code));
        } else {
            out += next.bytes;
        }
    }
    return out + "\"";
}

std::string toml_key(std::string_view name) {
    const auto bare = [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
    };
    return !name.empty() && std::all_of(name.begin(), name.end(), bare) ? std::string(name) : toml_text(name);
}

std::string toml_value(const Literal& literal) {
    if (const auto* text = std::get_if<std::string>(&literal)) return toml_text(*text);
    return to_string(literal);
}

}  // namespace stemma
