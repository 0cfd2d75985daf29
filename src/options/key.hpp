#pragma once
// One key of a job file: its type, default, range and meaning. Reading, checking, `--explain` and docs/job-reference.md
// all use it. Nothing here depends on the format of the file: values are literals.

#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "space/parameter.hpp"

namespace stemma {

struct Node;  // of the reader of a file; opaque here

enum class KeyType : std::uint8_t {
    text,
    boolean,
    integer,
    number,      ///< finite; an integer is taken too
    choice,      ///< one of `allowed`
    duration,    ///< a number of seconds, or "90s", "1d12h"
    bytes,       ///< an integer, or "2GiB"
    literal,     ///< boolean, integer, number or text
    literals,    ///< a list of literals, not empty
    table,       ///< read by other code
    table_list,  ///< a list of tables, read by other code
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
    friend bool operator==(const Range&, const Range&) = default;
};

struct Key {
    std::string name = {};
    KeyType type = KeyType::text;
    std::string default_text = {};  ///< as in TOML without quotes; "" = none
    /// Meaning of a run file without the key: the default before the key was added or its default changed. "" = the
    /// default of today.
    std::string before = {};
    std::string formerly = {};  ///< former name of the key: accepted, with a note
    std::string meaning = {};   ///< for people; ends with a full stop
    bool required = false;
    Range range = {};
    /// Of a choice, in the order of the enum it is stored to. Of an integer: words that are taken too.
    std::vector<std::string> allowed = {};
    std::vector<std::string> only_for = {};  ///< values of the section's `type` for which it is used; empty = all
    std::string unit = {};                   ///< "seconds", "epochs or steps"
    std::string default_note = {};           ///< how a default that depends on other keys is computed
    KeyType item = KeyType::literal;         ///< of literals: the type of the items; `range` bounds their numbers
    /// Former values of a choice, each with its value of today: accepted, with a note.
    std::vector<std::pair<std::string, std::string>> former_values = {};

    bool applies(std::string_view variant) const;
    /// True for its name, its former name, and its name in British spelling.
    bool called(std::string_view word) const;
    friend bool operator==(const Key&, const Key&) = default;
};

/// A value that passed its key's check.
struct Checked {
    Literal value = {};              ///< text, choice: string; integer, bytes: int64; number, duration: double
    std::int64_t index = 0;          ///< of a choice
    std::vector<Literal> list = {};  ///< of literals
    bool given = true;               ///< false: it is the default
    const Node* node = nullptr;      ///< source of the value, for readers that know its type
};

/// "an integer >= 2", "\"epoch\" or \"step\"": what the key takes.
std::string allowed_text(const Key& key);

/// The value as the key understands it ("90s" is 90.0, "minimize" is "minimize"). Nothing if the key refuses it. For
/// keys of scalars; one item of `literals` counts as `literal`.
std::optional<Checked> check_value(const Key& key, const Literal& value);

/// A value as `default_text` has it; "" for a list.
std::string default_text_of(const Checked& value, const Key& key);

/// The default as the reference shows it: `"asha"`, `3`, `required`, `none`, or the note.
std::string default_shown(const Key& key);

/// True if the keys differ at most in the types that they are for.
bool same_but_for_types(const Key& a, const Key& b);

/// The default, through the same check; nothing if there is none. A default that fails the check is a bug.
std::optional<Checked> default_of(const Key& key);

}  // namespace stemma
