#include "app/job/limits.hpp"

#include <algorithm>

#include "app/job/tables.hpp"

namespace stemma {

namespace {

/// "--wall-time" is the key wall_time.
std::string key_of(const std::string& option) {
    std::string key = option.substr(option.find_first_not_of('-'));
    std::ranges::replace(key, '-', '_');
    return key;
}

template <class Settings>
const Field<Settings>& field_called(const std::vector<Field<Settings>>& fields, const std::string& name) {
    const auto found = std::ranges::find_if(fields, [&](const auto& field) { return field.key.name == name; });
    ensure(found != fields.end(), "an option for a limit has the name of a key");
    return *found;
}

/// The value of `limit` where `key` takes it.
Checked checked(const LimitText& limit, const Key& key) {
    const std::vector<std::string> overrides{"value=" + limit.text};
    Diagnostics diagnostics(limit.option, overrides);
    Node root{{}, NodeTable{}};
    apply_override(root, overrides[0], 0, diagnostics);
    const Node* node = root.find("value");
    const Node text{{}, limit.text};
    if (auto good = check_value(key, node == nullptr ? text : *node, "", diagnostics)) return *good;
    throw UserError(limit.option + " must be " + allowed_text(key) + "; got " + found(node == nullptr ? text : *node));
}

}  // namespace

LimitChanges parse_limits(std::span<const LimitText> texts) {
    LimitChanges changes;
    for (const auto& limit : texts) {
        const auto name = key_of(limit.option);
        if (name == "max") {
            const auto fields = scheduler_fields();
            changes.max = std::get<std::int64_t>(checked(limit, field_called(fields, name).key).value);
            continue;
        }
        Budget budget;
        const auto fields = budget_fields();
        const auto& field = field_called(fields, name);
        field.store(budget, checked(limit, field.key));
        if (name == "members") changes.members = budget.members;
        if (name == "reports") changes.reports = budget.reports;
        if (name == "wall_time") changes.seconds = budget.seconds;
        if (name == "target") changes.target = budget.target;
        if (name != "epochs" && name != "steps" && name != "resource") continue;
        changes.resource = budget.resource;
        changes.unit = name == "resource" ? "" : name;
    }
    return changes;
}

}  // namespace stemma
