#pragma once
// One key of a job file: its type, default, range and meaning stand together, and reading, checking, `--explain` and
// docs/job-reference.md all come from it.

#include <cstdint>
#include <functional>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "app/job/toml_tree.hpp"

namespace stemma {

enum class KeyType : std::uint8_t {
    text,
    boolean,
    integer,
    number,    ///< finite; an integer is taken too
    choice,    ///< one of `allowed`
    duration,  ///< a number of seconds, or "90s", "1d12h"
    bytes,     ///< an integer, or "2GiB"
    literal,   ///< boolean, integer, number or text
    literals,  ///< a list of those, not empty
    table,     ///< read by other code (space_reader.cpp)
    tables,    ///< a list of tables, likewise
};

/// Bounds of integer, number, duration and bytes.
struct Range {
    double low = -std::numeric_limits<double>::infinity();
    double high = std::numeric_limits<double>::infinity();
    bool above_low = false;   ///< low itself is excluded
    bool below_high = false;  ///< high itself is excluded
    /// long double: it holds every integer of 64 bits.
    bool contains(long double value) const {
        return (above_low ? value > low : value >= low) && (below_high ? value < high : value <= high);
    }
    bool bounded() const {
        return low > -std::numeric_limits<double>::infinity() || high < std::numeric_limits<double>::infinity();
    }
    std::string text() const;  ///< ">= 2", "> 0 and < 1", "0 .. 1"
};

struct Key {
    std::string name = {};
    KeyType type = KeyType::text;
    std::string default_text = {};  ///< as in TOML without quotes; "" = none
    /// What a run file means that does not have the key: the default of the day before the key came, or before its
    /// default changed. "" = the default of today.
    std::string before = {};
    std::string formerly = {};  ///< the name that it had; still understood, and what older run files have
    std::string meaning = {};   ///< for people; ends with a full stop
    bool required = false;
    Range range = {};
    std::vector<std::string> allowed = {};  ///< of a choice; the order of the enum it is stored to
    std::vector<std::string> only_for =
        {};                         ///< values of the section's `type` with which it has a meaning; empty = all
    std::string unit = {};          ///< "seconds", "epochs or steps"
    std::string default_note = {};  ///< how a default that depends on other keys comes about
    std::string items = "numbers, texts, true or false";  ///< of literals, for people: what the list is of

    bool applies(std::string_view variant) const;
};

/// A value that passed its key's check.
struct Checked {
    Literal value;               ///< text, choice: string; integer, bytes: int64; number, duration: double
    std::int64_t index = 0;      ///< of a choice
    std::vector<Literal> list;   ///< of literals
    const Node* node = nullptr;  ///< nullptr: it is the default
};

/// "an integer >= 2", "\"epoch\" or \"step\"": what the key takes.
std::string allowed_text(const Key& key);

/// Checks `node` against `key`; reports at the node's place under the full path `path`.
std::optional<Checked> check_value(const Key& key, const Node& node, const std::string& path, Diagnostics& diagnostics);

/// The default, through the same check; nothing if there is none. A default that does not pass is a bug.
std::optional<Checked> default_of(const Key& key);
/// What the key's absence means here: in the job of a run file, Key::before goes before the default.
std::optional<Checked> absent_value(const Key& key, const Diagnostics& diagnostics);

/// Notes a value that a section's reader took, for the job's text with all defaults filled in (resolved.hpp).
void note(Diagnostics& diagnostics, const std::string& section, const Key& key, const Checked& checked);

/// What a section is called and how its keys are told apart.
struct SectionShape {
    std::string path;      ///< "scheduler", "run.budget", "space.lr"
    std::string selector;  ///< value of the key `type` as found; "" when the section has none or it is invalid
    bool certain = true;   ///< false when the selector is invalid: then nothing is said about keys that it decides on
};

/// Checks one table against its keys: unknown keys, keys without meaning for this type, values, missing ones. Calls
/// `store(index, value)` for each good value, defaults included. `table` may be nullptr (the section is absent).
void check_section(const std::vector<const Key*>& keys, const Node* table, const SectionShape& shape, Place place,
                   Diagnostics& diagnostics, const std::function<void(std::size_t, const Checked&)>& store);

/// A key and where its value goes.
template <class Settings>
struct Field {
    Key key;
    std::function<void(Settings&, const Checked&)> store;
};

/// Stores a checked value in a member of a settings struct, whatever plain type it has.
template <class Settings, class T>
std::function<void(Settings&, const Checked&)> into(T Settings::*member) {
    return [member](Settings& settings, const Checked& checked) {
        auto& target = settings.*member;
        if constexpr (std::is_enum_v<T>) {
            target = static_cast<T>(checked.index);
        } else if constexpr (std::is_same_v<T, bool> || std::is_same_v<T, double> || std::is_same_v<T, std::string>) {
            target = std::get<T>(checked.value);
        } else if constexpr (std::is_integral_v<T>) {
            target = static_cast<T>(std::get<std::int64_t>(checked.value));
        } else if constexpr (std::is_same_v<T, Literal>) {
            target = checked.value;
        } else if constexpr (std::is_same_v<T, std::vector<Literal>>) {
            target = checked.list;
        } else if constexpr (std::is_same_v<T, const Node*>) {
            target = checked.node;
        } else {  // an optional
            using Inner = typename T::value_type;
            if constexpr (std::is_same_v<Inner, Literal>) {
                target = checked.value;
            } else {
                target = std::get<Inner>(checked.value);
            }
        }
    };
}

/// Value of the section's `type` key, for SectionShape; the default where absent.
SectionShape shape_of(std::string path, const Key& selector, const Node* table);

template <class Settings>
void read_section(const std::vector<Field<Settings>>& fields, const Node* table, const std::string& path, Place place,
                  Settings& settings, Diagnostics& diagnostics) {
    std::vector<const Key*> keys;
    SectionShape shape{path, "", true};
    for (const auto& field : fields) {
        keys.push_back(&field.key);
        if (field.key.name == "type") shape = shape_of(path, field.key, table);
    }
    check_section(keys, table, shape, place, diagnostics, [&](std::size_t index, const Checked& checked) {
        if (fields[index].store) fields[index].store(settings, checked);
        note(diagnostics, path, fields[index].key, checked);
    });
}

}  // namespace stemma
