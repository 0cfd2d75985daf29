#pragma once
// A TOML text as a tree with positions, in the order of the text. Keeps toml++ inside one source file.

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "app/job/diagnostics.hpp"
#include "space/parameter.hpp"

namespace stemma {

struct TableEntry;
struct Node;
using NodeList = std::vector<Node>;
using NodeTable = std::vector<TableEntry>;  ///< keys are unique; sorted by place

/// TOML's dates and times, which no key of a job takes.
struct DateOrTime {};

struct Node {
    Place place;  ///< of the value (tables: of their header or brace)
    std::variant<bool, std::int64_t, double, std::string, DateOrTime, NodeList, NodeTable> value;

    bool is_table() const { return std::holds_alternative<NodeTable>(value); }
    bool is_list() const { return std::holds_alternative<NodeList>(value); }
    const NodeTable& table() const { return std::get<NodeTable>(value); }
    const NodeList& list() const { return std::get<NodeList>(value); }
    /// The child called `key`, or nullptr (also when this is no table). Linear.
    const Node* find(std::string_view key) const;
};

/// The text called `key` of a table; "" where there is none.
std::string text_of(const Node* table, std::string_view key);

struct TableEntry {
    std::string key;
    Place place;  ///< of the key
    Node value;
};

/// Parses a whole text. A syntax error is reported (TOML allows only the first to be found) and gives an empty table.
/// Nesting is bounded, so that later recursion over the tree is safe.
Node parse_toml(std::string_view text, Diagnostics& diagnostics);

/// Merges `path=value` number `index` into `root`. A value that is no TOML is a string. Reports bad paths.
void apply_override(Node& root, std::string_view text, int index, Diagnostics& diagnostics);

/// `path.key`, the key in quotes where TOML needs them.
std::string join_path(std::string_view path, std::string_view key);

/// How messages name a value: `27`, `"asha"`, `a list`, `a table`.
std::string found(const Node& node);

/// The place of the deepest part of `path` that exists.
Place place_of(const Node& root, std::initializer_list<std::string_view> path);

/// Scalars as literals; false for lists, tables and dates.
bool to_literal(const Node& node, Literal& out);

namespace detail {
/// Only the parser: the tree, or the error's text and place.
struct ParsedToml {
    Node root;
    bool ok = true;
    std::string error;
    Place place;
};
ParsedToml parse_toml(std::string_view text);
}  // namespace detail

}  // namespace stemma
