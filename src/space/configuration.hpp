#pragma once
// One value for each hyperparameter of a search space, in the space's order.

#include <compare>
#include <cstdint>
#include <span>
#include <variant>
#include <vector>

namespace stemma {

/// The parameter is not active under this configuration's conditions.
struct Inactive {
    friend constexpr auto operator<=>(const Inactive&, const Inactive&) = default;
};

/// Index into the choices (categorical), levels (ordinal) or the single value (constant: always 0).
struct Choice {
    std::uint32_t index = 0;
    friend constexpr auto operator<=>(const Choice&, const Choice&) = default;
};

using Value = std::variant<Inactive, double, std::int64_t, Choice>;
using Configuration = std::vector<Value>;
using ConfigurationView = std::span<const Value>;

}  // namespace stemma
