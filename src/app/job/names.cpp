// Former names of keys, and other spellings.
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

}  // namespace

void rename_keys(NodeTable& table, const std::string& path, const std::vector<Key>& keys, Diagnostics& diagnostics) {
    NodeTable out;
    for (auto& entry : table) {
        const auto is_it = [&](const Key& key) { return key.name == entry.key; };
        const auto is_meant = [&](const Key& key) {
            return (!key.formerly.empty() && key.formerly == entry.key) || key.name == american(entry.key);
        };
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
        if (auto* table = table_at(root, section.path)) rename_keys(*table, section.path, section.keys, diagnostics);
    }
}

}  // namespace stemma
