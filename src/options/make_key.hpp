#pragma once
// Short forms in which the tables write their keys: name, default ("" = none), limits, meaning.

#include <limits>
#include <string>
#include <utility>
#include <vector>

#include "options/field.hpp"

namespace stemma::make_key {

using Words = std::vector<std::string>;

inline constexpr double infinity = std::numeric_limits<double>::infinity();
inline constexpr Range any{};
inline constexpr Range above(double low) { return {low, infinity, true}; }
inline constexpr Range at_least(double low) { return {low, infinity}; }
inline constexpr Range within(double low, double high) { return {low, high}; }

inline Key typed(KeyType type, std::string name, std::string default_text, Range range, std::string meaning) {
    Key key;
    key.name = std::move(name);
    key.type = type;
    key.default_text = std::move(default_text);
    key.meaning = std::move(meaning);
    key.range = range;
    return key;
}
inline Key text(std::string name, std::string meaning) {
    return typed(KeyType::text, std::move(name), "", {}, std::move(meaning));
}
inline Key flag(std::string name, std::string default_text, std::string meaning) {
    return typed(KeyType::boolean, std::move(name), std::move(default_text), {}, std::move(meaning));
}
inline Key integer(std::string name, std::string default_text, Range range, std::string meaning) {
    return typed(KeyType::integer, std::move(name), std::move(default_text), range, std::move(meaning));
}
inline Key number(std::string name, std::string default_text, Range range, std::string meaning) {
    return typed(KeyType::number, std::move(name), std::move(default_text), range, std::move(meaning));
}
inline Key duration(std::string name, std::string default_text, Range range, std::string meaning) {
    return typed(KeyType::duration, std::move(name), std::move(default_text), range, std::move(meaning));
}
inline Key bytes(std::string name, std::string default_text, Range range, std::string meaning) {
    return typed(KeyType::bytes, std::move(name), std::move(default_text), range, std::move(meaning));
}
inline Key choice(std::string name, std::string default_text, Words allowed, std::string meaning) {
    Key key = typed(KeyType::choice, std::move(name), std::move(default_text), {}, std::move(meaning));
    key.allowed = std::move(allowed);
    return key;
}
/// A key of a type without limits: literal, literals, table, tables.
inline Key other(KeyType type, std::string name, std::string meaning) {
    return typed(type, std::move(name), "", {}, std::move(meaning));
}

/// A list of integers, numbers or texts; `range` bounds each of them.
inline Key list_of(KeyType item, std::string name, Range range, std::string meaning) {
    Key key = typed(KeyType::literals, std::move(name), "", range, std::move(meaning));
    key.item = item;
    return key;
}

/// An integer, or one of these words.
inline Key integer_or(Words words, std::string name, Range range, std::string meaning) {
    Key key = typed(KeyType::integer, std::move(name), "", range, std::move(meaning));
    key.allowed = std::move(words);
    return key;
}

// Without default: setting() takes it from the settings struct.
inline Key flag(std::string name, std::string meaning) { return flag(std::move(name), "", std::move(meaning)); }
inline Key integer(std::string name, Range range, std::string meaning) {
    return integer(std::move(name), "", range, std::move(meaning));
}
inline Key number(std::string name, Range range, std::string meaning) {
    return number(std::move(name), "", range, std::move(meaning));
}
inline Key duration(std::string name, Range range, std::string meaning) {
    return duration(std::move(name), "", range, std::move(meaning));
}
inline Key bytes(std::string name, Range range, std::string meaning) {
    return bytes(std::move(name), "", range, std::move(meaning));
}
inline Key choice(std::string name, Words allowed, std::string meaning) {
    return choice(std::move(name), "", std::move(allowed), std::move(meaning));
}

/// Of use only with these values of the section's `type`.
inline Key only(Words types, Key key) {
    key.only_for = std::move(types);
    return key;
}
inline Key required(Key key) {
    key.required = true;
    return key;
}
inline Key in_unit(std::string unit, Key key) {
    key.unit = std::move(unit);
    return key;
}
/// Former name of the key.
inline Key formerly(std::string name, Key key) {
    key.formerly = std::move(name);
    return key;
}
/// Meaning of a run file without the key.
inline Key before(std::string meaning, Key key) {
    key.before = std::move(meaning);
    return key;
}
/// How a default that depends on other keys is computed.
inline Key default_is(std::string note, Key key) {
    key.default_note = std::move(note);
    return key;
}

template <class Settings>
std::vector<Field<Settings>> concatenated(std::vector<Field<Settings>> first, std::vector<Field<Settings>> second) {
    first.insert(first.end(), second.begin(), second.end());
    return first;
}

}  // namespace stemma::make_key
