#include <cmath>

#include "core/error.hpp"
#include "core/suggest.hpp"
#include "space/search_space.hpp"

namespace stemma {
namespace {

[[noreturn]] void wrong_kind(std::string_view name, const Literal& found, std::string_view wanted) {
    throw UserError("hyperparameter \"" + std::string(name) + "\" must be " + std::string(wanted) + " here, found " +
                    to_string(found) + "; change it in [space]");
}

double to_real(std::string_view name, const Literal& found) {
    if (const auto* real = std::get_if<double>(&found)) return *real;
    if (const auto* integer = std::get_if<std::int64_t>(&found)) return static_cast<double>(*integer);
    wrong_kind(name, found, "a number");
}

std::int64_t to_integer(std::string_view name, const Literal& found) {
    if (const auto* integer = std::get_if<std::int64_t>(&found)) return *integer;
    const auto* real = std::get_if<double>(&found);
    if (real && *real == std::floor(*real) && std::abs(*real) <= 0x1p53) return static_cast<std::int64_t>(*real);
    wrong_kind(name, found, "an integer");
}

bool to_boolean(std::string_view name, const Literal& found) {
    if (const auto* boolean = std::get_if<bool>(&found)) return *boolean;
    wrong_kind(name, found, "true or false");
}

std::string to_text(std::string_view name, Literal found) {
    if (auto* text = std::get_if<std::string>(&found)) return std::move(*text);
    wrong_kind(name, found, "a text");
}

/// Absent or inactive: says which of the two, and what there is.
Literal required(const SearchSpace& space, std::string_view name, std::optional<Literal> found) {
    if (found) return *std::move(found);
    if (space.find(name)) {
        throw UserError("hyperparameter \"" + std::string(name) +
                        "\" is needed but inactive under this configuration; " + "widen its `when` in [space]");
    }
    std::vector<std::string> known;
    std::string list;
    for (const auto& parameter : space.parameters()) {
        known.push_back(parameter.name);
        list += (list.empty() ? "" : ", ") + parameter.name;
    }
    throw UserError("hyperparameter \"" + std::string(name) + "\" is needed but not in [space]" +
                    did_you_mean(name, known) + "; there are: " + list);
}

}  // namespace

std::optional<Literal> NamedConfiguration::literal(std::string_view name) const {
    const auto index = space_->find(name);
    return index ? space_->literal(*index, values_[*index]) : std::nullopt;
}

bool NamedConfiguration::has(std::string_view name) const {
    const auto index = space_->find(name);
    return index && !std::holds_alternative<Inactive>(values_[*index]);
}

double NamedConfiguration::real(std::string_view name) const {
    return to_real(name, required(*space_, name, literal(name)));
}
std::int64_t NamedConfiguration::integer(std::string_view name) const {
    return to_integer(name, required(*space_, name, literal(name)));
}
bool NamedConfiguration::boolean(std::string_view name) const {
    return to_boolean(name, required(*space_, name, literal(name)));
}
std::string NamedConfiguration::text(std::string_view name) const {
    return to_text(name, required(*space_, name, literal(name)));
}

double NamedConfiguration::real_or(std::string_view name, double fallback) const {
    const auto found = literal(name);
    return found ? to_real(name, *found) : fallback;
}
std::int64_t NamedConfiguration::integer_or(std::string_view name, std::int64_t fallback) const {
    const auto found = literal(name);
    return found ? to_integer(name, *found) : fallback;
}
bool NamedConfiguration::boolean_or(std::string_view name, bool fallback) const {
    const auto found = literal(name);
    return found ? to_boolean(name, *found) : fallback;
}
std::string NamedConfiguration::text_or(std::string_view name, std::string fallback) const {
    auto found = literal(name);
    return found ? to_text(name, *std::move(found)) : std::move(fallback);
}

}  // namespace stemma
