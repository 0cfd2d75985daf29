#pragma once
// What is known of algorithms whose settings have types of their own: functions of settings whose type is erased, and a
// choice of one algorithm with its settings.

#include <algorithm>
#include <any>
#include <concepts>
#include <functional>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "core/error.hpp"
#include "options/field.hpp"

namespace stemma {

template <class Signature>
class OfSettings;

/// Made from a plain function, or a lambda without captures, whose first argument is the algorithm's own settings.
/// Called with these settings as std::any: std::bad_any_cast if they are of another algorithm. Without a function, a
/// call returns an empty result. A call costs about 5 ns more than the function.
template <class Result, class Any, class... Args>
class OfSettings<Result(Any, Args...)> {
public:
    OfSettings() = default;
    template <class Returned, class Own, class... Given>
    OfSettings(Returned (*function)(Own, Given...))
        : call_([function](Any settings, Args... args) -> Result {
              return function(std::any_cast<Own>(settings), std::forward<Args>(args)...);
          }) {}
    template <class Lambda>
    requires(std::is_class_v<Lambda> && !std::same_as<Lambda, OfSettings>) OfSettings(Lambda lambda)
        : OfSettings(+lambda) {}

    Result operator()(Any settings, Args... args) const {
        return call_ ? call_(settings, std::forward<Args>(args)...) : Result();
    }
    explicit operator bool() const { return call_ != nullptr; }

private:
    std::function<Result(Any, Args...)> call_;
};

/// The settings of an algorithm that has none.
struct NoSettings {};

/// One of the algorithms that a section's `type` names, with its settings.
template <class Descriptor>
struct Chosen {
    const Descriptor* type;
    std::any settings = type->defaults;  ///< of the type that the descriptor knows

    /// As what they are; std::bad_any_cast if they are of another algorithm.
    template <class Settings>
    const Settings& as() const {
        return std::any_cast<const Settings&>(settings);
    }
    /// The setting as a value of its key; nothing where this algorithm has no such key.
    std::optional<Checked> value(std::string_view key) const {
        const auto* field = find_field(type->fields, key);
        return field == nullptr || !field->load ? std::nullopt : field->load(settings);
    }
    /// The same of a whole number.
    std::optional<std::int64_t> integer(std::string_view key) const {
        const auto found = value(key);
        return found ? std::optional(std::get<std::int64_t>(found->value)) : std::nullopt;
    }
};

/// The algorithm of that name. An unknown name is a bug: the key `type` has been checked.
template <class Descriptor>
const Descriptor& named(const std::vector<Descriptor>& all, std::string_view name) {
    const auto found = std::ranges::find(all, name, &Descriptor::name);
    ensure(found != all.end(), "the name of an algorithm is one of its list");
    return *found;
}

}  // namespace stemma
