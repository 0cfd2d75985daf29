// Former names of keys and values, and other spellings.
#include <algorithm>

#include "app/job/readers.hpp"
#include "app/job/tables.hpp"

namespace stemma {

namespace {

/// The table that `path` ("run.budget") leads to; nullptr where there is none.
NodeTable* table_at(Node& root, std::string_view path) {
    Node* node = &root;
    while (!path.empty()) {
        const auto part = path.substr(0, path.find('.'));
        path.remove_prefix(std::min(path.size(), part.size() + 1));
        auto* table = std::get_if<NodeTable>(&node->value);
        if (table == nullptr) return nullptr;
        const auto found = std::ranges::find(*table, part, &TableEntry::key);
        if (found == table->end()) return nullptr;
        node = &found->value;
    }
    return std::get_if<NodeTable>(&node->value);
}

/// Former values of choices.
void rename_values(NodeTable& table, const std::string& path, const std::vector<Key>& keys, Diagnostics& diagnostics) {
    for (const auto& key : keys) {
        const auto entry = std::ranges::find(table, key.name, &TableEntry::key);
        if (entry == table.end()) continue;
        auto* text = std::get_if<std::string>(&entry->value.value);
        if (text == nullptr) continue;
        const auto former = std::ranges::find(key.former_values, *text, &std::pair<std::string, std::string>::first);
        if (former == key.former_values.end()) continue;
        if (!diagnostics.recorded())
            diagnostics.note(entry->place, join_path(path, key.name) + " = \"" + former->first + "\" is called \"" +
                                               former->second + "\" now; both are understood");
        *text = former->second;
    }
}

}  // namespace

void rename_keys(NodeTable& table, const std::string& path, const std::vector<Key>& keys, Diagnostics& diagnostics) {
    NodeTable out;
    for (auto& entry : table) {
        const auto is_it = [&](const Key& key) { return key.name == entry.key; };
        const auto is_meant = [&](const Key& key) { return key.called(entry.key); };
        const bool known = std::ranges::any_of(keys, is_it);
        const auto meant = std::ranges::find_if(keys, is_meant);
        if (!known && meant != keys.end()) {
            const auto own_path = join_path(path, entry.key);
            if (std::ranges::find(table, meant->name, &TableEntry::key) != table.end()) {
                diagnostics.error(entry.place, own_path,
                                  "is another name of " + meant->name + ", which is given too; remove one of them");
                continue;
            }
            if (meant->formerly == entry.key && !diagnostics.recorded())
                diagnostics.note(entry.place, own_path + " is called " + meant->name + " now; both are understood");
            entry.key = meant->name;
        }
        out.push_back(std::move(entry));
    }
    table = std::move(out);
}

void rename_keys(Node& root, Diagnostics& diagnostics) {
    for (const auto& section : sections()) {
        auto* table = table_at(root, section.path);
        if (table == nullptr) continue;
        rename_keys(*table, section.path, section.keys, diagnostics);
        rename_values(*table, section.path, section.keys, diagnostics);
    }
}

}  // namespace stemma
