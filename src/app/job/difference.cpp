#include "app/job/difference.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "app/job/readers.hpp"
#include "app/job/tables.hpp"

namespace stemma {

namespace {

constexpr std::size_t told_max = 8;

/// Path and value of every setting, defaults filled in.
using Settings = std::map<std::string, std::string>;

template <class T>
std::vector<Key> keys_of(const std::vector<Field<T>>& fields) {
    std::vector<Key> keys;
    for (const auto& field : fields) keys.push_back(field.key);
    return keys;
}

std::string literal_text(const Literal& literal) {
    const auto* text = std::get_if<std::string>(&literal);
    return text == nullptr ? to_string(literal) : in_quotes(*text);
}

/// A value that no key reads: with the keys of tables in order.
std::string plain_text(const Node& node) {
    Literal literal;
    if (to_literal(node, literal)) return literal_text(literal);
    std::vector<std::string> parts;
    if (node.is_list()) {
        for (const auto& item : node.list()) parts.push_back(plain_text(item));
        return fmt::format("[{}]", fmt::join(parts, ", "));
    }
    if (!node.is_table()) return found(node);
    for (const auto& entry : node.table())
        parts.push_back(fmt::format("{} = {}", join_path("", entry.key), plain_text(entry.value)));
    std::ranges::sort(parts);
    return fmt::format("{{{}}}", fmt::join(parts, ", "));
}

std::string checked_text(const Checked& checked, KeyType type) {
    if (type != KeyType::literals) return literal_text(checked.value);
    std::vector<std::string> parts;
    for (const auto& item : checked.list) parts.push_back(literal_text(item));
    return fmt::format("[{}]", fmt::join(parts, ", "));
}

/// As the key understands it: "90s" is 90.
std::string value_text(const Key& key, const Node& node) {
    if (key.type == KeyType::table || key.type == KeyType::tables) return plain_text(node);
    Diagnostics diagnostics("", {});
    const auto checked = check_value(key, node, key.name, diagnostics);
    return checked ? checked_text(*checked, key.type) : plain_text(node);
}

/// One table. Those within it that are sections of their own are left to `nested`.
void add_section(Settings& settings, const std::string& path, const std::vector<Key>& keys, const Node* table,
                 const std::vector<std::string>& nested = {}) {
    std::string variant;
    for (const auto& key : keys) {
        if (key.name == "type") variant = shape_of(path, key, table).selector;
    }
    for (const auto& key : keys) {
        if (std::ranges::find(nested, key.name) != nested.end() || !key.applies(variant)) continue;
        const Node* node = table == nullptr ? nullptr : table->find(key.name);
        if (node != nullptr) {
            settings[join_path(path, key.name)] = value_text(key, *node);
        } else if (const auto otherwise = default_of(key)) {
            settings[join_path(path, key.name)] = checked_text(*otherwise, key.type);
        }
    }
}

const Node* at(const Node* table, std::string_view key) { return table == nullptr ? nullptr : table->find(key); }

/// Hyperparameters have defaults that depend on the model: they were filled in when the job was read.
void add_hyperparameters(Settings& settings, const Job& job) {
    for (const auto& [name, value] : job.trainer.fixed) settings[join_path("trainer", name)] = literal_text(value);
}

Settings settings_of(const Job& job) {
    Diagnostics diagnostics(job.file, job.overrides);
    const Node root = settled_tree(job.text, job.overrides, diagnostics);
    Settings settings;
    add_section(settings, "run", keys_of(run_fields()), root.find("run"), {"output", "budget"});
    add_section(settings, "run.budget", keys_of(budget_fields()), at(root.find("run"), "budget"));
    add_section(settings, "metric", keys_of(metric_fields()), root.find("metric"));
    add_section(settings, "sampler", keys_of(sampler_fields(job.scheduler.type)), root.find("sampler"));
    // A preset's values stand in the tree.
    add_section(settings, "scheduler", keys_of(scheduler_fields()), root.find("scheduler"), {"preset"});
    add_section(settings, "trainer", keys_of(trainer_fields()), root.find("trainer"), {"hypergradient"});
    add_hyperparameters(settings, job);
    if (job.trainer.hypergradient) {
        add_section(settings, "trainer.hypergradient", keys_of(hypergradient_fields()),
                    at(root.find("trainer"), "hypergradient"));
    }
    add_section(settings, "workers", keys_of(worker_fields()), root.find("workers"));
    const auto parameter_keys = keys_of(parameter_fields());
    if (const auto* space = root.find("space"); space != nullptr && space->is_table()) {
        for (const auto& entry : space->table())
            add_section(settings, join_path("space", entry.key), parameter_keys, &entry.value);
    }
    for (const auto* list : {"forbidden", "schedule"}) {
        if (const auto* node = root.find(list)) settings[list] = plain_text(*node);
    }
    return settings;
}

std::string value_at(const Settings& settings, const std::string& key) {
    const auto found = settings.find(key);
    return found == settings.end() ? "" : found->second;
}

}  // namespace

std::vector<JobDifference> differences(const Job& first, const Job& second) {
    auto one = settings_of(first);
    auto other = settings_of(second);
    if (!one.contains("run.name") || !other.contains("run.name")) {
        one.erase("run.name");
        other.erase("run.name");
    }
    auto keys = one;
    keys.insert(other.begin(), other.end());
    std::vector<JobDifference> list;
    for (const auto& [key, value] : keys) {
        JobDifference difference{key, value_at(one, key), value_at(other, key)};
        if (difference.first != difference.second) list.push_back(std::move(difference));
    }
    return list;
}

std::string text_of(const std::vector<JobDifference>& differences, const std::string& first,
                    const std::string& second) {
    const auto value = [](const std::string& text) { return text.empty() ? std::string("not given") : text; };
    std::string text;
    for (std::size_t i = 0; i < std::min(differences.size(), told_max); ++i) {
        const auto& one = differences[i];
        text += fmt::format("{}{} is {} in {} and {} in {}", text.empty() ? "" : "; ", one.key, value(one.first), first,
                            value(one.second), second);
    }
    if (differences.size() > told_max) text += fmt::format("; and {} more", differences.size() - told_max);
    return text;
}

}  // namespace stemma
