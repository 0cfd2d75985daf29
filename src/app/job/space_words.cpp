// Other tools' words for search spaces: types, ranges and short forms.
#include <algorithm>
#include <array>
#include <utility>

#include "app/job/readers.hpp"
#include "app/job/resolved.hpp"
#include "space/toml.hpp"

namespace stemma {

namespace {

using Word = std::pair<std::string_view, std::string_view>;

constexpr std::array<Word, 8> key_words{{{"min", "low"},
                                         {"max", "high"},
                                         {"lower", "low"},
                                         {"upper", "high"},
                                         {"values", "choices"},
                                         {"options", "choices"},
                                         {"q", "step"},
                                         {"initial", "default"}}};

struct TypeWord {
    std::string_view word;
    std::string_view type;
    bool log = false;
};
constexpr std::array<TypeWord, 17> type_words{{{"float", "real"},
                                               {"double", "real"},
                                               {"uniform", "real"},
                                               {"quniform", "real"},
                                               {"loguniform", "real", true},
                                               {"log_uniform", "real", true},
                                               {"log_uniform_values", "real", true},
                                               {"logfloat", "real", true},
                                               {"int", "integer"},
                                               {"int_uniform", "integer"},
                                               {"logint", "integer", true},
                                               {"bool", "boolean"},
                                               {"choice", "categorical"},
                                               {"choices", "categorical"},
                                               {"categories", "categorical"},
                                               {"const", "constant"},
                                               {"fixed", "constant"}}};

TableEntry* find(NodeTable& table, std::string_view key) {
    const auto at = std::ranges::find(table, key, &TableEntry::key);
    return at == table.end() ? nullptr : &*at;
}

void set(NodeTable& table, std::string key, std::string value, Place place) {
    const auto where = key == "type" ? table.begin() : table.end();
    table.insert(where, {std::move(key), place, Node{place, std::move(value)}});
}

/// Keys that have a name here, unless it is given too: that is then an error of the reader.
void rename(NodeTable& table) {
    for (const auto& [word, name] : key_words) {
        auto* entry = find(table, word);
        if (entry != nullptr && find(table, name) == nullptr) entry->key = name;
    }
    auto* log = find(table, "log");
    const auto* on = log == nullptr ? nullptr : std::get_if<bool>(&log->value.value);
    if (on == nullptr || find(table, "scale") != nullptr) return;
    log->key = "scale";
    log->value.value = std::string(*on ? "log" : "linear");
}

void read_type(NodeTable& table, Place place) {
    auto* type = find(table, "type");
    if (type == nullptr) {
        // What the other keys leave no doubt of. A range of integers may be meant as one of reals.
        const auto real = [&](std::string_view key) {
            const auto* entry = find(table, key);
            return entry != nullptr && std::holds_alternative<double>(entry->value.value);
        };
        if (find(table, "choices") != nullptr) return set(table, "type", "categorical", place);
        if (find(table, "levels") != nullptr) return set(table, "type", "ordinal", place);
        if (find(table, "value") != nullptr) return set(table, "type", "constant", place);
        if (real("low") || real("high")) return set(table, "type", "real", place);
        return;
    }
    auto* word = std::get_if<std::string>(&type->value.value);
    if (word == nullptr) return;
    const auto known = std::ranges::find(type_words, std::string_view(*word), &TypeWord::word);
    if (known == type_words.end()) return;
    *word = known->type;
    const auto at = type->value.place;
    if (known->log && find(table, "scale") == nullptr) set(table, "scale", "log", at);
}

/// A value in place of a table: a list of texts or truth values is a choice among them, a single value a constant.
void read_short_form(Node& node) {
    Literal literal;
    const auto place = node.place;
    NodeTable table;
    if (to_literal(node, literal)) {
        set(table, "type", "constant", place);
        table.push_back({"value", place, node});
    } else if (node.is_list() && !node.list().empty() && std::ranges::none_of(node.list(), [](const Node& item) {
                   return !std::holds_alternative<std::string>(item.value) && !std::holds_alternative<bool>(item.value);
               })) {
        set(table, "type", "categorical", place);
        table.push_back({"choices", place, node});
    } else {
        return;
    }
    node.value = std::move(table);
}

/// [space.optim.lr], as Hydra nests names.
bool is_nested(const Node& node) {
    return node.is_table() && !node.table().empty() && std::ranges::all_of(node.table(), [](const TableEntry& entry) {
               return entry.value.is_table() && entry.key != "when";
           });
}

void flatten(TableEntry entry, NodeTable& out) {
    if (!is_nested(entry.value)) return out.push_back(std::move(entry));
    for (auto& inner : std::get<NodeTable>(entry.value.value)) {
        inner.key = entry.key + "." + inner.key;
        flatten(std::move(inner), out);
    }
}

}  // namespace

void read_space_words(Node& root) {
    auto* table = std::get_if<NodeTable>(&root.value);
    auto* space = table == nullptr ? nullptr : find(*table, "space");
    auto* entries = space == nullptr ? nullptr : std::get_if<NodeTable>(&space->value.value);
    if (entries == nullptr) return;
    NodeTable flat;
    for (auto& entry : *entries) flatten(std::move(entry), flat);
    for (auto& entry : flat) {
        read_short_form(entry.value);
        auto* keys = std::get_if<NodeTable>(&entry.value.value);
        if (keys == nullptr) continue;
        rename(*keys);
        read_type(*keys, entry.place);
    }
    *entries = std::move(flat);
}

std::string example_of(const std::string& name, const Node& node) {
    const auto line = [&](std::string_view content) { return toml_key(name) + " = { " + std::string(content) + " }"; };
    const auto range = [&](const Node& low, const Node& high) {
        return line("type = \"real\", low = " + found(low) + ", high = " + found(high)) + ", or type = \"integer\"";
    };
    const Node* low = node.find("low");
    const Node* high = node.find("high");
    if (low != nullptr && high != nullptr) return range(*low, *high);
    if (node.is_list() && node.list().size() == 2) {
        return range(node.list().front(), node.list().back()) +
               "; for these two values alone: " + line("choices = " + inline_toml(node));
    }
    if (node.is_list())
        return line("choices = " + inline_toml(node)) + ", or ordered: type = \"ordinal\", levels = ...";
    return line("type = \"real\", low = 1e-4, high = 1e-1, scale = \"log\"");
}

}  // namespace stemma
