#include <algorithm>

#include "app/job/key.hpp"

namespace stemma {

namespace {

/// The key of that name which has a meaning for this type, else any of that name, else nothing.
std::optional<std::size_t> find_key(const std::vector<const Key*>& keys, std::string_view name,
                                    const SectionShape& shape) {
    std::optional<std::size_t> found_one;
    for (std::size_t i = 0; i < keys.size(); ++i) {
        if (keys[i]->name != name && (keys[i]->formerly.empty() || keys[i]->formerly != name)) continue;
        if (keys[i]->applies(shape.selector)) return i;
        if (!found_one) found_one = i;
    }
    return found_one;
}

void report_unknown(const std::vector<const Key*>& keys, const TableEntry& entry, const SectionShape& shape,
                    const std::string& path, Diagnostics& diagnostics) {
    if (diagnostics.full()) return diagnostics.error(entry.place, path, "");
    std::vector<std::string> names;
    for (const auto* key : keys) {
        const bool listed = std::find(names.begin(), names.end(), key->name) != names.end();
        if (!listed && (!shape.certain || key->applies(shape.selector))) names.push_back(key->name);
    }
    std::string list;
    for (const auto& name : names) list += (list.empty() ? "" : ", ") + name;
    const std::string of = shape.selector.empty() ? "" : " with type = " + in_quotes(shape.selector);
    const std::string known = names.empty() ? "it has no keys" : "known: " + list;
    diagnostics.error(entry.place, path,
                      "is not a key of [" + shape.path + "]" + of + suggestion(entry.key, names) + "; " + known);
}

/// True if the key was given, by its name or its former one.
bool given(const Node* table, const Key& key) {
    if (table == nullptr) return false;
    return table->find(key.name) != nullptr || (!key.formerly.empty() && table->find(key.formerly) != nullptr);
}

}  // namespace

void check_section(const std::vector<const Key*>& keys, const Node* table, const SectionShape& shape, Place place,
                   Diagnostics& diagnostics, const std::function<void(std::size_t, const Checked&)>& store) {
    if (table != nullptr && !table->is_table()) {
        diagnostics.error(table->place, shape.path, "must be a table ([" + shape.path + "]); got " + found(*table));
        return;
    }
    if (table != nullptr) {
        for (const auto& entry : table->table()) {
            const std::string path = join_path(shape.path, entry.key);
            const auto index = find_key(keys, entry.key, shape);
            if (!index) {
                report_unknown(keys, entry, shape, path, diagnostics);
                continue;
            }
            const Key& key = *keys[*index];
            if (!key.applies(shape.selector)) {
                if (!shape.certain) continue;
                diagnostics.error(entry.place, path,
                                  "has no meaning with type = " + in_quotes(shape.selector) + ", only with " +
                                      alternatives(key.only_for) + "; remove it");
                continue;
            }
            if (entry.key != key.name && table->find(key.name) != nullptr) {
                diagnostics.error(entry.place, path, "is the former name of " + key.name + ", which is given too");
                continue;
            }
            if (const auto checked = check_value(key, entry.value, path, diagnostics)) store(*index, *checked);
        }
    }
    for (std::size_t i = 0; i < keys.size(); ++i) {
        const Key& key = *keys[i];
        if (given(table, key) || !key.applies(shape.selector)) continue;
        if (const auto value = absent_value(key, diagnostics)) {
            store(i, *value);
        } else if (key.required && (shape.certain || key.name == "type")) {
            diagnostics.error(place, shape.path + "." + key.name, "is missing; give " + allowed_text(key));
        }
    }
}

}  // namespace stemma
