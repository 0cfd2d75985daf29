// The tree's operations that need no TOML library, and --set.

#include <algorithm>
#include <cmath>

#include "app/job/toml_tree.hpp"
#include "space/toml.hpp"

namespace stemma {

namespace {

void mark(Node& node, int index) {
    node.place = {0, 0, index};
    if (auto* table = std::get_if<NodeTable>(&node.value)) {
        for (auto& entry : *table) {
            entry.place = {0, 0, index};
            mark(entry.value, index);
        }
    }
    if (auto* list = std::get_if<NodeList>(&node.value)) {
        for (auto& item : *list) mark(item, index);
    }
}

/// Position of the first '=' outside quotes.
std::size_t find_equals(std::string_view text) {
    char quote = 0;
    for (std::size_t i = 0; i < text.size(); ++i) {
        const char c = text[i];
        if (quote != 0) {
            if (c == quote) quote = 0;
        } else if (c == '"' || c == '\'') {
            quote = c;
        } else if (c == '=') {
            return i;
        }
    }
    return std::string_view::npos;
}

/// The parts of a dotted path, read by TOML's own rules. Empty if `path` is no dotted path.
std::vector<std::string> split_path(std::string_view path) {
    if (path.find('\n') != std::string_view::npos || path.find('#') != std::string_view::npos) return {};
    const auto parsed = detail::parse_toml(std::string(path) + " = 0");
    std::vector<std::string> parts;
    if (!parsed.ok) return parts;
    const Node* node = &parsed.root;
    while (node->is_table()) {
        if (node->table().size() != 1) return {};
        parts.push_back(node->table().front().key);
        node = &node->table().front().value;
    }
    return parts;
}

Node value_of(std::string_view text) {
    auto parsed = detail::parse_toml("value = " + std::string(text));
    if (parsed.ok && parsed.root.table().size() == 1 && parsed.root.table().front().key == "value") {
        return std::get<NodeTable>(parsed.root.value).front().value;
    }
    return Node{{}, std::string(text)};
}

}  // namespace

std::string text_of(const Node* table, std::string_view key) {
    const Node* node = table == nullptr ? nullptr : table->find(key);
    const auto* text = node == nullptr ? nullptr : std::get_if<std::string>(&node->value);
    return text == nullptr ? "" : *text;
}

const Node* Node::find(std::string_view key) const {
    const auto* entries = std::get_if<NodeTable>(&value);
    if (entries == nullptr) return nullptr;
    const auto at =
        std::find_if(entries->begin(), entries->end(), [&](const TableEntry& entry) { return entry.key == key; });
    return at == entries->end() ? nullptr : &at->value;
}

Node parse_toml(std::string_view text, Diagnostics& diagnostics) {
    auto parsed = detail::parse_toml(text);
    if (!parsed.ok) diagnostics.error(parsed.place, "", parsed.error);
    return std::move(parsed.root);
}

void apply_override(Node& root, std::string_view text, int index, Diagnostics& diagnostics) {
    const Place place{0, 0, index};
    const auto equals = find_equals(text);
    const auto parts =
        equals == std::string_view::npos ? std::vector<std::string>{} : split_path(text.substr(0, equals));
    if (parts.empty()) {
        diagnostics.error(place, "", "not of the form path=value, for example scheduler.eta=4");
        return;
    }
    if (text.find('\n') != std::string_view::npos) {  // a run file keeps them as lines
        diagnostics.error(place, "", "must be one line; write a text's line break as \\n in quotes");
        return;
    }
    Node* node = &root;
    std::string path;
    for (const auto& part : parts) {
        if (!node->is_table()) {
            diagnostics.error(place, path, "is " + found(*node) + ", which has no keys inside");
            return;
        }
        auto& table = std::get<NodeTable>(node->value);
        auto at = std::find_if(table.begin(), table.end(), [&](const TableEntry& entry) { return entry.key == part; });
        if (at == table.end()) at = table.insert(table.end(), TableEntry{part, place, Node{place, NodeTable{}}});
        if (&part == &parts.back()) at->place = place;
        node = &at->value;
        path = join_path(path, part);
    }
    *node = value_of(text.substr(equals + 1));
    mark(*node, index);
}

std::string join_path(std::string_view path, std::string_view key) {
    constexpr std::size_t whole_max = 100;  // bytes; longer texts are no names, and are cut for messages
    const std::string name = key.size() <= whole_max ? toml_key(key) : in_quotes(key);
    return path.empty() ? name : std::string(path) + "." + name;
}

std::string found(const Node& node) {
    Literal literal;
    if (to_literal(node, literal)) {
        if (const auto* text = std::get_if<std::string>(&literal)) return in_quotes(*text);
        if (const auto* number = std::get_if<double>(&literal); number != nullptr && !std::isfinite(*number)) {
            return std::isnan(*number) ? "nan" : *number > 0 ? "inf" : "-inf";
        }
        return to_string(literal);
    }
    return node.is_table() ? "a table" : node.is_list() ? "a list" : "a date or time";
}

Place place_of(const Node& root, std::initializer_list<std::string_view> path) {
    const Node* node = &root;
    for (const auto part : path) {
        const Node* next = node->find(part);
        if (next == nullptr) break;
        node = next;
    }
    return node->place;
}

bool to_literal(const Node& node, Literal& out) {
    if (const auto* boolean = std::get_if<bool>(&node.value)) return out = *boolean, true;
    if (const auto* integer = std::get_if<std::int64_t>(&node.value)) return out = *integer, true;
    if (const auto* number = std::get_if<double>(&node.value)) return out = *number, true;
    if (const auto* text = std::get_if<std::string>(&node.value)) return out = *text, true;
    return false;
}

}  // namespace stemma
