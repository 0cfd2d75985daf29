#pragma once
// Keys bound to the members of a settings struct. The struct holds the defaults, the key holds the range. Each stands
// once.

#include <any>
#include <cstdint>
#include <functional>
#include <iterator>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "options/key.hpp"

namespace stemma {

/// A key and where its value goes.
template <class Settings>
struct Field {
    using Store = std::function<void(Settings&, const Checked&)>;
    using Load = std::function<std::optional<Checked>(const Settings&)>;

    Key key;
    Store store;  ///< empty: other code reads the value
    Load load;  ///< the setting as a value of the key, nothing where it is not set; empty for keys that are only stored

    Field(Key of, Store to = nullptr, Load from = nullptr)
        : key(std::move(of)), store(std::move(to)), load(std::move(from)) {}

    /// The same field of settings that are kept without their type.
    template <class Own>
    requires(std::is_same_v<Settings, std::any> && !std::is_same_v<Own, std::any>) Field(Field<Own> own)
        : key(std::move(own.key)) {
        if (own.store) {
            store = [to = std::move(own.store)](std::any& settings, const Checked& checked) {
                to(std::any_cast<Own&>(settings), checked);
            };
        }
        if (own.load)
            load = [from = std::move(own.load)](const std::any& all) { return from(std::any_cast<const Own&>(all)); };
    }
};

/// The keys of an algorithm.
using Fields = std::vector<Field<std::any>>;

/// Takes a checked value, whatever plain type the setting has.
template <class T>
void assign(T& target, const Checked& checked) {
    if constexpr (std::is_enum_v<T>) {
        target = static_cast<T>(checked.index);
    } else if constexpr (std::is_same_v<T, bool> || std::is_same_v<T, double> || std::is_same_v<T, std::string>) {
        target = std::get<T>(checked.value);
    } else if constexpr (std::is_integral_v<T>) {
        target = static_cast<T>(std::get<std::int64_t>(checked.value));
    } else if constexpr (std::is_same_v<T, Literal>) {
        target = checked.value;
    } else if constexpr (requires { target.push_back({}); }) {
        target.clear();
        for (const auto& item : checked.list) {
            const auto* integer = std::get_if<std::int64_t>(&item);
            const bool real = std::is_same_v<typename T::value_type, double> && integer != nullptr;
            assign(target.emplace_back(), {real ? Literal(static_cast<double>(*integer)) : item});
        }
    } else {
        assign(target.emplace(), checked);  // an optional
    }
}

/// Stores a checked value in a member of a settings struct.
template <class Settings, class T>
std::function<void(Settings&, const Checked&)> into(T Settings::*member) {
    return [member](Settings& settings, const Checked& checked) { assign(settings.*member, checked); };
}

/// The other way: a setting of a plain type, a list, or an optional, as a value of `key`. Nothing for an empty text or
/// list of texts, which mean that nothing is given.
template <class T>
std::optional<Checked> value_of(const T& setting, const Key& key) {
    const auto literal = [](const auto& value) -> Literal {
        using V = std::decay_t<decltype(value)>;
        if constexpr (std::is_same_v<V, bool> || std::is_same_v<V, double> || std::is_same_v<V, std::string>) {
            return value;
        } else {
            return static_cast<std::int64_t>(value);
        }
    };
    if constexpr (std::is_enum_v<T>) {
        const auto index = static_cast<std::int64_t>(setting);
        return Checked{key.allowed.at(static_cast<std::size_t>(index)), index};
    } else if constexpr (std::is_arithmetic_v<T>) {
        return Checked{literal(setting)};
    } else if constexpr (std::is_same_v<T, std::string>) {
        return setting.empty() ? std::nullopt : std::optional(Checked{setting});
    } else if constexpr (requires { setting.has_value(); }) {
        return setting.has_value() ? value_of(*setting, key) : std::nullopt;
    } else {
        Checked checked;
        if (std::is_same_v<T, std::vector<std::string>> && setting.empty()) return std::nullopt;
        for (const auto& item : setting) checked.list.push_back(literal(item));
        return checked;
    }
}

/// "[0.8, 1.2]".
std::string list_text(const std::vector<Literal>& list);

/// Key and member together. The default comes from the struct (`defaults`: where a variant starts from other values). A
/// key may have it in a form that people rather read ("5m").
template <class Settings, class T>
Field<Settings> setting(T Settings::*member, Key key, const Settings& defaults = {}) {
    const auto by_default = value_of(defaults.*member, key);
    if (by_default && !key.required && key.default_text.empty()) key.default_text = default_text_of(*by_default, key);
    if (by_default && key.type == KeyType::literals && key.default_note.empty())
        key.default_note = list_text(by_default->list);
    auto load = [member, key](const Settings& settings) { return value_of(settings.*member, key); };
    return {std::move(key), into(member), std::move(load)};
}

/// The fields of a part of the settings.
template <class Settings, class Part>
std::vector<Field<Settings>> part_of(Part Settings::*part, std::vector<Field<Part>> fields) {
    std::vector<Field<Settings>> out;
    for (auto& field : fields) {
        Field<Settings> whole{std::move(field.key)};
        if (field.store) {
            whole.store = [part, store = std::move(field.store)](Settings& settings, const Checked& checked) {
                store(settings.*part, checked);
            };
        }
        if (field.load)
            whole.load = [part, load = std::move(field.load)](const Settings& settings) {
                return load(settings.*part);
            };
        out.push_back(std::move(whole));
    }
    return out;
}

/// The fields of settings that are kept without their type.
template <class Settings>
Fields erased(std::vector<Field<Settings>> fields) {
    return {std::make_move_iterator(fields.begin()), std::make_move_iterator(fields.end())};
}

/// The field of that name; nullptr where there is none.
template <class Settings>
const Field<Settings>* find_field(const std::vector<Field<Settings>>& fields, std::string_view name) {
    for (const auto& field : fields) {
        if (field.key.name == name) return &field;
    }
    return nullptr;
}

/// A setting that contradicts others.
struct Contradiction {
    std::string key;
    std::string message;                   ///< continues the key: "must be <= max = 27; got 30"
    std::vector<std::string> beside = {};  ///< the other keys that are involved
};

/// Throws UserError for a setting that its key would refuse, otherwise for the first problem: "WHO: eta must be an
/// integer in 2 .. 1000; got 1".
void require_value(std::string_view who, const Key& key, const std::optional<Checked>& value);
void require_none(std::string_view who, const std::vector<Contradiction>& problems);

template <class Settings>
void require_ranges(std::string_view who, const std::vector<Field<Settings>>& fields, const Settings& settings) {
    for (const auto& field : fields) {
        if (field.load) require_value(who, field.key, field.load(settings));
    }
}

/// `check` may assume that values are in their ranges.
template <class Settings>
void require_settings(std::string_view who, const std::vector<Field<Settings>>& fields, const Settings& settings,
                      std::vector<Contradiction> (*check)(const Settings&)) {
    require_ranges(who, fields, settings);
    require_none(who, check(settings));
}

}  // namespace stemma
