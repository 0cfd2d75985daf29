// The only file that sees toml++ (header-only: 3 s of compilation).
#define TOML_HEADER_ONLY 1
#define TOML_EXCEPTIONS 0
#define TOML_ENABLE_FORMATTERS 0
#define TOML_MAX_NESTED_VALUES 32
// The condition of toml++'s assertion does not hold for every malformed key. Without the assertion it reports a syntax
// error, as it should.
#define TOML_ASSERT(expression) static_cast<void>(0)
#include <toml++/toml.h>

#include <algorithm>
#include <cctype>
#include <tuple>

#include "app/job/toml_letters.hpp"
#include "app/job/toml_tree.hpp"

namespace stemma {

namespace {

Place place_at(const toml::source_position& position) {
    return {static_cast<int>(position.line), static_cast<int>(position.column), -1};
}

Node convert(const toml::node& from);

NodeTable convert_table(const toml::table& table) {
    NodeTable out;
    out.reserve(table.size());
    for (auto&& [key, value] : table) {
        out.push_back({std::string(key.str()), place_at(key.source().begin), convert(value)});
        if (out.back().value.place.line == 0) out.back().value.place = out.back().place;
    }
    // toml++ sorts by key; the order of the text matters for the space's parameters and for messages.
    std::stable_sort(out.begin(), out.end(), [](const TableEntry& a, const TableEntry& b) {
        return std::tie(a.place.line, a.place.column) < std::tie(b.place.line, b.place.column);
    });
    return out;
}

Node convert(const toml::node& from) {
    Node node{place_at(from.source().begin), DateOrTime{}};
    if (const auto* boolean = from.as_boolean()) node.value = boolean->get();
    if (const auto* integer = from.as_integer()) node.value = integer->get();
    if (const auto* number = from.as_floating_point()) node.value = number->get();
    if (const auto* text = from.as_string()) node.value = text->get();
    if (const auto* table = from.as_table()) node.value = convert_table(*table);
    if (const auto* array = from.as_array()) {
        NodeList list;
        list.reserve(array->size());
        for (const auto& item : *array) list.push_back(convert(item));
        node.value = std::move(list);
    }
    return node;
}

/// toml++ bounds the nesting of brackets but not of dotted keys (`a.a.a. ...`), each of which is another level of a
/// recursive tree. Returns the first place where a line has too many dots that could be part of a key, line 0 if there
/// is none. Dots inside numbers, texts and comments and runs of dots do not count.
Place too_many_dots(std::string_view text) {
    constexpr int dots_max = 64;
    const auto digit = [&](std::size_t i) {
        return i < text.size() && std::isdigit(static_cast<unsigned char>(text[i]));
    };
    int line = 1, dots = 0;
    bool comment = false;
    char quote = 0;      // of the text that we are in
    bool number = true;  // since the last delimiter there were only digits and signs
    std::size_t start = 0;
    char before = '\n';  // last character that is no blank
    for (std::size_t i = 0; i < text.size(); ++i) {
        const char c = text[i];
        if (c == '\n') {
            ++line;
            dots = 0;
            number = true;
            comment = false;
            quote = 0;
            start = i + 1;
            before = c;
            continue;
        }
        if (c == ' ' || c == '\t' || c == '\r') continue;
        if (comment) continue;
        if (quote != 0) {
            if (c == '\\' && quote == '"' && i + 1 < text.size() && text[i + 1] != '\n') ++i;
            if (c == quote) quote = 0;
            before = c;
            continue;
        }
        comment = c == '#';
        if (c == '"' || c == '\'') quote = c;
        if (c == '.' && before != '.') {
            const bool decimal_point = number && digit(i - 1) && digit(i + 1);
            if (!decimal_point && ++dots > dots_max) return {line, static_cast<int>(i - start) + 1, -1};
        }
        const bool delimiter = c == ',' || c == '=' || c == '[' || c == '{';
        number = delimiter || (number && (digit(i) || c == '-' || c == '+' || c == '_'));
        before = c;
    }
    return {};
}

/// Line and column (in characters), both from 1.
Place place_of_byte(std::string_view text, std::size_t byte) {
    Place place{1, 1, -1};
    for (const char c : text.substr(0, byte)) {
        if (c == '\n') {
            place = {place.line + 1, 1, -1};
        } else if ((static_cast<unsigned char>(c) & 0xC0U) != 0x80U) {
            ++place.column;
        }
    }
    return place;
}

/// The last place where `name`, a dotted path or its end, is a key of `table`, line 0 = none. Inline tables do not
/// count.
Place last_place_of(std::string_view name, const toml::table& table, const std::string& above) {
    Place last{0, 0, -1};
    if (table.is_inline()) return last;
    for (auto&& [key, value] : table) {
        const auto path = above + "." + std::string(key.str());
        const auto place = path.ends_with("." + std::string(name)) ? place_at(key.source().begin) : Place{0, 0, -1};
        const auto* below = value.as_table();
        const auto deeper = below == nullptr ? Place{0, 0, -1} : last_place_of(name, *below, path);
        for (const auto& one : {place, deeper}) {
            if (one.line > last.line) last = one;
        }
    }
    return last;
}

/// toml++ names the second of two equal tables or keys: the words that name the place of the first one.
std::string first_of_two(std::string_view message, std::string_view text, const Place& second) {
    const auto open = message.find('\'');
    const auto close = message.find('\'', open + 1);
    if (message.find("cannot redefine existing") == message.npos || close == message.npos) return "";
    std::size_t before = 0;  // the lines before the second definition parse, since the mistake is the first one
    for (int line = 1; line < second.line; ++line) before = text.find('\n', before) + 1;
    const auto parsed = toml::parse(text.substr(0, before));
    if (!parsed) return "";
    const auto first = last_place_of(message.substr(open + 1, close - open - 1), parsed.table(), "");
    return first.line == 0 ? "" : "; the first definition is in line " + std::to_string(first.line);
}

}  // namespace

detail::ParsedToml detail::parse_toml(std::string_view text) {
    ParsedToml out;
    out.root.value = NodeTable{};
    out.root.place = {};
    if (const Place place = too_many_dots(text); place.line > 0) {
        return {std::move(out.root), false, "too many dots in one line; no key of a job nests that deep", place};
    }
    auto letters = toml_letters(text);
    const auto outside = letters.outside == std::string::npos ? Place{} : place_of_byte(letters.text, letters.outside);
    // What stands before such a letter may have a mistake of its own.
    if (outside.line > 0) letters.text.replace(letters.outside, std::string::npos, "?");
    const auto parsed = toml::parse(letters.text);
    const auto before = [&](const Place& place) {
        return std::tie(place.line, place.column) < std::tie(outside.line, outside.column);
    };
    if (!parsed) {
        const auto& error = parsed.error();
        const auto place = place_at(error.source().begin);
        if (outside.line == 0 || before(place)) {
            const auto message = std::string(error.description());
            return {std::move(out.root), false,
                    "not valid TOML: " + message + first_of_two(message, letters.text, place), place};
        }
    }
    if (outside.line > 0 || !parsed) {
        return {std::move(out.root), false,
                "not valid TOML: a letter beyond ASCII stands outside quotes and comments; put the text in quotes",
                outside};
    }
    out.root.value = convert_table(parsed.table());
    return out;
}

}  // namespace stemma
