#include <fmt/format.h>

#include <algorithm>

#include "app/job/readers.hpp"
#include "app/job/tables.hpp"
#include "core/suggest.hpp"
#include "options/words.hpp"

namespace stemma {
namespace {

/// "scheduler.eta, ..." of a key that stands where a section does.
std::vector<std::string> paths_of_key(const std::string& name) {
    std::vector<std::string> paths;
    for (const auto& section : sections()) {
        const auto is_it = [&](const Key& key) { return key.name == name; };
        if (std::ranges::any_of(section.keys, is_it)) paths.push_back(section.path + "." + name);
    }
    return paths;
}

/// The table to read `entry` into: the section that it means, if it means one and that is not given.
void read_as_meant(Node& root, TableEntry& entry, const std::string& path) {
    const auto dot = path.find('.');
    const auto section = path.substr(0, dot);
    if (dot == std::string::npos) {
        if (root.find(section) == nullptr) entry.key = section;
        return;
    }
    const auto key = path.substr(dot + 1);
    auto moved = entry;
    moved.key = key;
    auto& entries = std::get<NodeTable>(root.value);
    auto parent = std::ranges::find(entries, section, &TableEntry::key);
    if (parent == entries.end()) parent = entries.insert(parent, {section, entry.place, {entry.place, NodeTable()}});
    if (!parent->value.is_table() || parent->value.find(key) != nullptr) return;
    std::get<NodeTable>(parent->value.value).push_back(std::move(moved));
}

}  // namespace

void check_sections(Node& root, Diagnostics& diagnostics) {
    const auto names = section_names();
    for (std::size_t i = 0; i < root.table().size(); ++i) {
        auto& entry = std::get<NodeTable>(root.value)[i];
        if (std::ranges::find(names, entry.key) != names.end()) continue;
        const auto paths = paths_of_key(entry.key);
        const auto hint =
            paths.empty() ? suggestion(entry.key, names) : fmt::format("; there is {}", fmt::join(paths, ", "));
        diagnostics.error(entry.place, join_path("", entry.key),
                          fmt::format("is no section of a job{}; known: {}", hint, fmt::join(names, ", ")));
        const auto* meant = nearest(entry.key, names);
        if (paths.size() == 1) {
            read_as_meant(root, entry, paths.front());
        } else if (paths.empty() && meant != nullptr) {
            read_as_meant(root, entry, *meant);
        }
    }
}

}  // namespace stemma
