#include "space/text.hpp"

#include <fmt/format.h>

#include <array>

namespace stemma {
namespace {

constexpr std::array<std::string_view, 5> kinds = {"real", "integer", "categorical", "ordinal", "constant"};

std::string range_text(const Literal& low, const Literal& high) {
    return fmt::format("[{}, {}]", to_string(low), to_string(high));
}

}  // namespace

std::span<const Literal> choices(const Domain& domain) {
    if (const auto* categorical = std::get_if<Categorical>(&domain)) return categorical->choices;
    if (const auto* ordinal = std::get_if<Ordinal>(&domain)) return ordinal->levels;
    if (const auto* constant = std::get_if<Constant>(&domain)) return {&constant->value, 1};
    return {};
}

std::string_view name_of(Scale scale) {
    constexpr std::array<std::string_view, 4> names = {"linear", "log", "logit", "mixed"};
    return names.at(static_cast<std::size_t>(scale));
}

std::string_view name_of(Role role) {
    constexpr std::array<std::string_view, 4> names = {"fixed", "mutable", "hypergradient", "mutable_hypergradient"};
    return names.at(static_cast<std::size_t>(role));
}

std::string_view kind_of(const Domain& domain) { return kinds.at(domain.index()); }

std::string allowed_text(const Domain& domain) {
    if (const auto* real = std::get_if<Real>(&domain)) {
        auto text = "a number in " + range_text(real->low, real->high);
        if (real->step) text += " at steps of " + to_string(*real->step) + " from " + to_string(real->low);
        return text;
    }
    if (const auto* integer = std::get_if<Integer>(&domain)) {
        auto text = "an integer in " + range_text(integer->low, integer->high);
        if (integer->step) text += " at steps of " + to_string(*integer->step) + " from " + to_string(integer->low);
        return text;
    }
    std::string text;
    for (const auto& choice : choices(domain)) text += fmt::format("{}{}", text.empty() ? "" : ", ", to_string(choice));
    return (std::holds_alternative<Constant>(domain) ? "the constant " : "one of ") + text;
}

}  // namespace stemma
