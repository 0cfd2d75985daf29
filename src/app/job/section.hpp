#pragma once
// Checks a table of a job file against the keys of its section.

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "app/job/toml_tree.hpp"
#include "options/field.hpp"

namespace stemma {

/// Checks `node` against `key`; reports at the node's place under the full path `path`.
std::optional<Checked> check_value(const Key& key, const Node& node, const std::string& path, Diagnostics& diagnostics);

/// The meaning of the key's absence here. In the job of a run file, Key::before takes precedence over the default.
std::optional<Checked> absent_value(const Key& key, const Diagnostics& diagnostics);

/// Notes a value that a section's reader stored, for the job's text with all defaults filled in (resolved.hpp).
void note(Diagnostics& diagnostics, const std::string& section, const Key& key, const Checked& checked);

/// Renames keys of `table` that have a former name or British spelling. A former name is reported to the user as a
/// note. A key given by both names is an error. `path`: of the section.
void rename_keys(NodeTable& table, const std::string& path, const std::vector<Key>& keys, Diagnostics& diagnostics);

/// How a section is called and how its keys are told apart.
struct SectionShape {
    std::string path;      ///< "scheduler", "run.budget", "space.lr"
    std::string selector;  ///< value of the key `type` as found; "" when the section has none or it is invalid
    bool certain = true;   ///< false when the selector is invalid: then nothing is said about keys that it decides on
};

/// Checks one table against its keys: unknown keys, keys without meaning for this type, values, missing ones. Calls
/// `store(index, value)` for each good value, defaults included. `table` may be nullptr (the section is absent).
void check_section(const std::vector<const Key*>& keys, const Node* table, const SectionShape& shape, Place place,
                   Diagnostics& diagnostics, const std::function<void(std::size_t, const Checked&)>& store);

/// Value of the section's `type` key, for SectionShape. Where it is absent: as absent_value().
SectionShape shape_of(std::string path, const Key& selector, const Node* table, const Diagnostics& diagnostics);

template <class Settings>
void read_section(const std::vector<Field<Settings>>& fields, const Node* table, const std::string& path, Place place,
                  Settings& settings, Diagnostics& diagnostics) {
    std::vector<const Key*> keys;
    SectionShape shape{path, "", true};
    for (const auto& field : fields) {
        keys.push_back(&field.key);
        if (field.key.name == "type") shape = shape_of(path, field.key, table, diagnostics);
    }
    check_section(keys, table, shape, place, diagnostics, [&](std::size_t index, const Checked& checked) {
        if (fields[index].store) fields[index].store(settings, checked);
        note(diagnostics, path, fields[index].key, checked);
    });
}

}  // namespace stemma
