#include "options/field.hpp"

#include "core/error.hpp"
#include "options/words.hpp"

namespace stemma {

namespace {

[[noreturn]] void refuse(std::string_view who, const std::string& key, const std::string& message) {
    throw UserError(std::string(who) + ": " + key + " " + message);
}

}  // namespace

std::string list_text(const std::vector<Literal>& list) {
    std::string text;
    for (const auto& item : list) {
        const auto* words = std::get_if<std::string>(&item);
        text += (text.empty() ? "" : ", ") + (words == nullptr ? to_string(item) : in_quotes(*words));
    }
    return "[" + text + "]";
}

void require_value(std::string_view who, const Key& key, const std::optional<Checked>& value) {
    if (!value) return;
    const auto check = [&](const Literal& literal) {
        if (!check_value(key, literal))
            refuse(who, key.name, "must be " + allowed_text(key) + "; got " + to_string(literal));
    };
    if (key.type != KeyType::literals) return check(value->value);
    if (value->list.empty()) refuse(who, key.name, "must be " + allowed_text(key) + "; got an empty list");
    for (const auto& item : value->list) check(item);
}

void require_none(std::string_view who, const std::vector<Contradiction>& problems) {
    if (!problems.empty()) refuse(who, problems.front().key, problems.front().message);
}

}  // namespace stemma
