#include "options/key.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>

#include "core/error.hpp"
#include "options/quantities.hpp"
#include "options/words.hpp"

namespace stemma {

namespace {

/// " >= 2", " in 0 .. 1", or nothing.
std::string range_text(const Range& range) {
    if (!range.bounded()) return "";
    const std::string text = range.text();
    return (text.find("..") != std::string::npos ? " in " : " ") + text;
}

std::string items_text(KeyType item) {
    switch (item) {
        case KeyType::integer:
            return "integers";
        case KeyType::number:
            return "numbers";
        case KeyType::text:
            return "texts";
        default:
            return "numbers, texts, true or false";
    }
}

std::string type_text(const Key& key) {
    switch (key.type) {
        case KeyType::text:
            return "a text";
        case KeyType::boolean:
            return "true or false";
        case KeyType::integer:
            return "an integer";
        case KeyType::number:
            return "a number";
        case KeyType::choice:
            return alternatives(key.allowed);
        case KeyType::duration:
            return "a duration (seconds, or such as \"90s\", \"15m\", \"1d12h\")";
        case KeyType::bytes:
            return "a size (bytes, or such as \"512MiB\", \"2GiB\")";
        case KeyType::literal:
            return "a number, a text, true or false";
        case KeyType::literals:
            return "a list of " + items_text(key.item) + range_text(key.range) + " with at least one item";
        case KeyType::table:
            return "a table";
        case KeyType::table_list:
            return "a list of tables";
    }
    return "";
}

/// The number in `value` as a key of this type understands it. Nothing if it has another type.
std::optional<Literal> quantity(KeyType type, const Literal& value) {
    const auto* integer = std::get_if<std::int64_t>(&value);
    const auto* number = std::get_if<double>(&value);
    const auto* text = std::get_if<std::string>(&value);
    const bool whole = type == KeyType::integer || type == KeyType::bytes;
    if (integer != nullptr) return whole ? Literal(*integer) : Literal(static_cast<double>(*integer));
    if (number != nullptr && !whole) return *number;
    if (text != nullptr && type == KeyType::duration) {
        if (const auto seconds = parse_duration(*text)) return *seconds;
    }
    if (text != nullptr && type == KeyType::bytes) {
        if (const auto bytes = parse_bytes(*text)) return static_cast<std::int64_t>(*bytes);
    }
    return std::nullopt;
}

long double as_number(const Literal& value) {
    if (const auto* integer = std::get_if<std::int64_t>(&value)) return static_cast<long double>(*integer);
    return std::get<double>(value);
}

}  // namespace

std::string Range::text() const {
    const bool has_low = low > -std::numeric_limits<double>::infinity();
    const bool has_high = high < std::numeric_limits<double>::infinity();
    if (has_low && has_high && !above_low && !below_high) return number_text(low) + " .. " + number_text(high);
    std::string out;
    if (has_low) out = (above_low ? "> " : ">= ") + number_text(low);
    if (has_high) out += (out.empty() ? "" : " and ") + std::string(below_high ? "< " : "<= ") + number_text(high);
    return out;
}

bool Key::applies(std::string_view variant) const {
    return only_for.empty() || std::find(only_for.begin(), only_for.end(), variant) != only_for.end();
}

bool Key::called(std::string_view word) const {
    return word == name || (!formerly.empty() && word == formerly) || american(word) == name;
}

std::string allowed_text(const Key& key) {
    auto text = type_text(key) + (key.type == KeyType::literals ? "" : range_text(key.range));
    if (key.type == KeyType::integer && !key.allowed.empty()) text += ", or " + alternatives(key.allowed);
    return text;
}

std::optional<Checked> check_value(const Key& key, const Literal& value) {
    const auto* number = std::get_if<double>(&value);
    if (number != nullptr && !std::isfinite(*number)) return std::nullopt;
    switch (key.type == KeyType::literals ? key.item : key.type) {
        case KeyType::text:
        case KeyType::choice: {
            const auto* text = std::get_if<std::string>(&value);
            if (text == nullptr) return std::nullopt;
            if (key.type != KeyType::choice) return Checked{value};
            auto at = std::ranges::find(key.allowed, *text);
            if (at == key.allowed.end()) at = std::ranges::find(key.allowed, american(*text));
            if (at == key.allowed.end()) return std::nullopt;
            return Checked{*at, at - key.allowed.begin()};
        }
        case KeyType::boolean:
            if (!std::holds_alternative<bool>(value)) return std::nullopt;
            return Checked{value};
        case KeyType::integer:
        case KeyType::number:
        case KeyType::duration:
        case KeyType::bytes: {
            if (const auto* word = std::get_if<std::string>(&value); word != nullptr && key.type == KeyType::integer) {
                const auto at = std::ranges::find(key.allowed, *word);
                return at == key.allowed.end() ? std::nullopt : std::optional(Checked{*at, at - key.allowed.begin()});
            }
            const auto understood = quantity(key.type == KeyType::literals ? key.item : key.type, value);
            if (!understood || !key.range.contains(as_number(*understood))) return std::nullopt;
            return Checked{*understood};
        }
        case KeyType::literal:
        case KeyType::literals:
            return Checked{value};
        case KeyType::table:
        case KeyType::table_list:
            break;
    }
    return std::nullopt;
}

std::string default_text_of(const Checked& value, const Key& key) {
    if (key.type == KeyType::literals) return "";
    const auto* number = std::get_if<double>(&value.value);
    return number != nullptr ? number_text(*number) : to_string(value.value);
}

std::string default_shown(const Key& key) {
    if (!key.default_note.empty()) return key.default_note;
    if (key.required) return "required";
    if (key.default_text.empty()) return "none";
    const bool is_text = key.type == KeyType::text || key.type == KeyType::choice ||
                         ((key.type == KeyType::duration || key.type == KeyType::bytes) &&
                          key.default_text.find_first_not_of("0123456789.") != std::string::npos);
    return is_text ? in_quotes(key.default_text) : key.default_text;
}

bool same_but_for_types(const Key& a, const Key& b) {
    auto other = b;
    other.only_for = a.only_for;
    return a == other;
}

std::optional<Checked> default_of(const Key& key) {
    if (key.default_text.empty()) return std::nullopt;
    const std::string& text = key.default_text;
    Literal value = text;
    std::int64_t integer = 0;
    double number = 0;
    const char* end = text.data() + text.size();
    if (text == "true" || text == "false") {
        value = text == "true";
    } else if (std::from_chars(text.data(), end, integer).ptr == end) {
        value = integer;
    } else if (std::from_chars(text.data(), end, number).ptr == end) {
        value = number;
    }
    auto checked = check_value(key, value);
    ensure(checked.has_value(), "the default of the job key " + key.name + " does not pass its own check");
    checked->given = false;
    return checked;
}

}  // namespace stemma
