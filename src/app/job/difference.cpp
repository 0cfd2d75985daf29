#include "app/job/difference.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "app/job/readers.hpp"

namespace stemma {

namespace {

constexpr std::size_t told_max = 8;

/// Path and value of every setting, defaults filled in.
using Settings = std::map<std::string, std::string>;

std::string literal_text(const Literal& literal) {
    const auto* text = std::get_if<std::string>(&literal);
    return text == nullptr ? to_string(literal) : in_quotes(*text);
}

/// A value, with the keys of tables in order.
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

/// Every setting of a section and of the sections within it.
void add_settings(Settings& settings, const std::string& path, const Node& node) {
    if (!node.is_table()) {
        settings[path] = plain_text(node);
        return;
    }
    for (const auto& entry : node.table()) add_settings(settings, join_path(path, entry.key), entry.value);
}

Settings settings_of(const Job& job) {
    Diagnostics diagnostics(job.file, job.overrides);
    const Node root = job.resolved.empty() ? settled_tree(job.text, job.overrides, diagnostics)
                                           : parse_toml(job.resolved, diagnostics);
    Settings settings;
    add_settings(settings, "", root);
    settings.erase("run.output");
    return settings;
}

/// Does the job itself give its name?
bool names_itself(const Job& job) {
    Diagnostics diagnostics(job.file, job.overrides);
    const Node root = settled_tree(job.text, job.overrides, diagnostics);
    const Node* run = root.find("run");
    return run != nullptr && run->find("name") != nullptr;
}

std::string value_at(const Settings& settings, const std::string& key) {
    const auto found = settings.find(key);
    return found == settings.end() ? "" : found->second;
}

}  // namespace

std::vector<JobDifference> differences(const Job& first, const Job& second) {
    auto one = settings_of(first);
    auto other = settings_of(second);
    if (!names_itself(first) || !names_itself(second)) {
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
