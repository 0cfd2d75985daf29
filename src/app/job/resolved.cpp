#include "app/job/resolved.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "app/job/tables.hpp"
#include "core/printable.hpp"
#include "space/toml.hpp"

namespace stemma {

namespace {

Node node_of(const Literal& literal) {
    return std::visit([](const auto& value) { return Node{{}, value}; }, literal);
}

template <class Range, class ToLiteral>
Node list_of(const Range& values, const ToLiteral& to_literal) {
    NodeList list;
    for (const auto& value : values) list.push_back(node_of(to_literal(value)));
    return {{}, std::move(list)};
}

Node node_of(const Key& key, const Checked& checked) {
    if (key.type == KeyType::table || key.type == KeyType::table_list) return *checked.node;
    if (key.type != KeyType::literals) return node_of(checked.value);
    return list_of(checked.list, [](const Literal& literal) { return literal; });
}

bool is_utf8(std::string_view text) {
    while (!text.empty()) {
        if (!next_character(text).valid) return false;
    }
    return true;
}

const Key& role_key() {
    static const auto fields = parameter_fields();
    return std::ranges::find(fields, "role", [](const auto& field) { return field.key.name; })->key;
}

}  // namespace

std::string inline_toml(const Node& node) {
    Literal literal;
    if (to_literal(node, literal)) return toml_value(literal);
    std::vector<std::string> parts;
    if (node.is_list()) {
        for (const auto& item : node.list()) parts.push_back(inline_toml(item));
        return fmt::format("[{}]", fmt::join(parts, ", "));
    }
    ensure(node.is_table(), "no key takes a date or time");
    for (const auto& entry : node.table())
        parts.push_back(fmt::format("{} = {}", toml_key(entry.key), inline_toml(entry.value)));
    return parts.empty() ? "{}" : fmt::format("{{ {} }}", fmt::join(parts, ", "));
}

void note(Diagnostics& diagnostics, const std::string& section, const Key& key, const Checked& checked) {
    if (auto* resolved = diagnostics.resolved()) resolved->add(section, key, checked);
}

void ResolvedJob::add(const std::string& section, const Key& key, const Checked& checked) {
    if (section == "scheduler" && key.name == "preset") return;
    fill(section, key.name, node_of(key, checked));
}

void ResolvedJob::fill(const std::string& section, const std::string& key, Node value) {
    auto at = std::ranges::find(sections_, section, &Section::path);
    if (at == sections_.end()) at = sections_.insert(at, Section{section, {}});
    const auto same = [&](const auto& entry) { return entry.first == key; };
    if (std::ranges::none_of(at->values, same)) at->values.emplace_back(key, std::move(value));
}

const ResolvedJob::Section* ResolvedJob::find(const std::string& path) const {
    const auto at = std::ranges::find(sections_, path, &Section::path);
    return at == sections_.end() ? nullptr : &*at;
}

std::string ResolvedJob::text(const Node& root) const {
    std::string text;
    for (const auto& entry : root.table()) {
        if (entry.value.is_list()) text += fmt::format("{} = {}\n", toml_key(entry.key), inline_toml(entry.value));
    }
    for (const auto& section : sections_) {
        text += fmt::format("{}[{}]\n", text.empty() ? "" : "\n", section.path);
        for (const auto& [name, value] : section.values) {
            const bool own_section = value.is_table() && find(join_path(section.path, name)) != nullptr;
            if (!own_section) text += fmt::format("{} = {}\n", toml_key(name), inline_toml(value));
        }
    }
    return is_utf8(text) ? text : "";
}

namespace {

/// The settings of the algorithm, where its own defaults depend on other settings.
template <class Settings>
void fill_settings(const std::string& section, const std::vector<Field<Settings>>& fields, const Settings& settings,
                   ResolvedJob& resolved) {
    for (const auto& field : fields) {
        if (!field.load) continue;
        if (const auto value = field.load(settings)) resolved.fill(section, field.key.name, node_of(field.key, *value));
    }
}

}  // namespace

void fill_dependent_defaults(const Job& job, ResolvedJob& resolved) {
    const auto text = [](const std::string& value) { return Node{{}, value}; };
    resolved.fill("run", "name", text(job.run.name));
    resolved.fill("run", "output", text(job.run.output));
    if (!job.run.folder.empty()) resolved.fill("run", "folder", text(job.run.folder));
    fill_settings("scheduler", job.scheduler.type->fields, job.scheduler.settings, resolved);
    if (!job.scheduler.scheduled()) fill_settings("sampler", job.sampler.type->fields, job.sampler.settings, resolved);
    resolved.fill("sampler", "births", text(births_of(job) == Births::perturb ? "perturb" : "propose"));
    fill_settings("sampler", explore_fields(), job.sampler.explore, resolved);
    fill_settings("trainer", job.trainer.type->fields, job.trainer.settings, resolved);
    for (const auto& [name, value] : job.trainer.fixed) resolved.fill("trainer", name, node_of(value));
    for (const auto& parameter : job.space->parameters()) {
        if (std::holds_alternative<Constant>(parameter.domain)) continue;
        resolved.fill(join_path("space", parameter.name), "role",
                      text(role_key().allowed[static_cast<std::size_t>(parameter.role)]));
    }
}

}  // namespace stemma
