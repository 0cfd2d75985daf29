#include "space/search_space.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "core/error.hpp"
#include "core/suggest.hpp"
#include "space/check.hpp"
#include "space/grid.hpp"
#include "space/text.hpp"

namespace stemma {
namespace {

/// An Inactive value matches no condition, so that conditions nest by themselves.
bool holds(const Condition& condition, ConfigurationView configuration) {
    const auto* choice = std::get_if<Choice>(&configuration[condition.parameter]);
    return choice && std::ranges::find(condition.any_of, choice->index) != condition.any_of.end();
}

bool all_hold(std::span<const Condition> conditions, ConfigurationView configuration) {
    return std::ranges::all_of(conditions, [&](const auto& condition) { return holds(condition, configuration); });
}

/// For errors: a value of any kind, even of the wrong kind.
std::string raw_text(const Value& value) {
    if (const auto* real = std::get_if<double>(&value)) return to_string(Literal(*real));
    if (const auto* integer = std::get_if<std::int64_t>(&value)) return to_string(Literal(*integer));
    if (const auto* choice = std::get_if<Choice>(&value)) return "choice number " + std::to_string(choice->index);
    return "no value";
}

/// Throws UserError if the literal is not in the domain.
Value to_value(const Parameter& parameter, const Axis& axis, const Literal& literal) {
    const auto values = choices(parameter.domain);
    for (std::uint32_t i = 0; i < values.size(); ++i) {
        if (same(values[i], literal)) return Choice{i};
    }
    std::optional<Value> value;
    if (const auto* integer = std::get_if<std::int64_t>(&literal); integer && values.empty()) {
        value = axis.contains(*integer) ? std::optional<Value>(*integer) : axis.nearest(static_cast<double>(*integer));
    } else if (const auto* real = std::get_if<double>(&literal); real && values.empty()) {
        value = axis.nearest(*real);
    }
    if (value) return *value;
    std::vector<std::string> known;
    for (const auto& choice : values) known.push_back(to_string(choice));
    const auto found = to_string(literal);
    throw UserError("hyperparameter \"" + parameter.name + "\": found " + found + ", allowed is " +
                    allowed_text(parameter.domain) + did_you_mean(found, known));
}

}  // namespace

SearchSpace::SearchSpace(std::vector<Parameter> parameters, std::vector<Forbidden> forbidden)
    : parameters_(std::move(parameters)), forbidden_(std::move(forbidden)) {
    check_parameters(parameters_);
    check_forbidden(parameters_, forbidden_);
    axes_.reserve(parameters_.size());
    for (const auto& parameter : parameters_) {
        const auto& axis = axes_.emplace_back(parameter.domain);
        if (parameter.default_value) to_value(parameter, axis, *parameter.default_value);
    }
}

std::optional<std::size_t> SearchSpace::find(std::string_view name) const {
    const auto found = std::ranges::find(parameters_, name, &Parameter::name);
    if (found == parameters_.end()) return {};
    return static_cast<std::size_t>(found - parameters_.begin());
}

Configuration SearchSpace::from_unit(std::span<const double> unit) const {
    ensure(unit.size() == size(), "a point has one coordinate for each parameter");
    Configuration configuration(size());
    for (std::size_t i = 0; i < size(); ++i) {
        if (active(i, configuration)) configuration[i] = axes_[i].from_unit(unit[i]);
    }
    return configuration;
}

std::vector<double> SearchSpace::to_unit(ConfigurationView configuration) const {
    ensure(configuration.size() == size(), "a configuration has one value for each parameter");
    std::vector<double> unit(size(), 0.5);
    for (std::size_t i = 0; i < size(); ++i) {
        if (!std::holds_alternative<Inactive>(configuration[i])) unit[i] = axes_[i].to_unit(configuration[i]);
    }
    return unit;
}

bool SearchSpace::active(std::size_t parameter, ConfigurationView configuration) const {
    return all_hold(parameters_[parameter].when, configuration);
}

bool SearchSpace::allowed(ConfigurationView configuration) const {
    return std::ranges::none_of(forbidden_, [&](const auto& clause) { return all_hold(clause.all_of, configuration); });
}

void SearchSpace::validate(ConfigurationView configuration) const {
    if (configuration.size() != size()) {
        throw UserError("a configuration of " + std::to_string(configuration.size()) + " values for a space of " +
                        std::to_string(size()) + " hyperparameters; give each one value");
    }
    for (std::size_t i = 0; i < size(); ++i) {
        const auto& parameter = parameters_[i];
        const bool has_value = !std::holds_alternative<Inactive>(configuration[i]);
        if (active(i, configuration) != has_value) {
            throw UserError("hyperparameter \"" + parameter.name + "\": " +
                            (has_value ? "has the value " + raw_text(configuration[i]) +
                                             " but is inactive, as its conditions do not hold; leave it out"
                                       : "has no value although its conditions hold; give it one"));
        }
        if (has_value && !axes_[i].contains(configuration[i])) {
            throw UserError("hyperparameter \"" + parameter.name + "\": found " + raw_text(configuration[i]) +
                            ", allowed is " + allowed_text(parameter.domain));
        }
    }
    for (const auto& clause : forbidden_) {
        if (all_hold(clause.all_of, configuration)) {
            throw UserError("the configuration " + describe(configuration) + " is forbidden by: " + describe(clause) +
                            "; change one of these values");
        }
    }
}

Configuration SearchSpace::from_literals(std::span<const std::pair<std::string, Literal>> values) const {
    std::vector<const Literal*> given(size(), nullptr);
    for (const auto& [name, literal] : values) {
        const auto index = find(name);
        if (!index) {
            std::vector<std::string> known;
            for (const auto& parameter : parameters_) known.push_back(parameter.name);
            throw UserError("\"" + name + "\" is not a hyperparameter of the search space" + did_you_mean(name, known));
        }
        if (given[*index]) throw UserError("hyperparameter \"" + name + "\" is given twice; remove one");
        given[*index] = &literal;
    }
    Configuration configuration(size());
    for (std::size_t i = 0; i < size(); ++i) {
        const auto& parameter = parameters_[i];
        const auto* literal = given[i] ? given[i] : parameter.default_value ? &*parameter.default_value : nullptr;
        if (active(i, configuration)) {
            configuration[i] = literal ? to_value(parameter, axes_[i], *literal) : axes_[i].from_unit(0.5);
        } else if (given[i]) {
            throw UserError("hyperparameter \"" + parameter.name + "\": given as " + to_string(*given[i]) +
                            " but inactive, as its conditions do not hold; leave it out");
        }
    }
    validate(configuration);
    return configuration;
}

std::optional<Literal> SearchSpace::literal(std::size_t parameter, const Value& value) const {
    if (const auto* real = std::get_if<double>(&value)) return *real;
    if (const auto* integer = std::get_if<std::int64_t>(&value)) return *integer;
    const auto* choice = std::get_if<Choice>(&value);
    if (!choice) return {};
    const auto values = choices(parameters_[parameter].domain);
    ensure(choice->index < values.size(), "a choice within its parameter's choices");
    return values[choice->index];
}

std::string SearchSpace::describe(ConfigurationView configuration) const {
    std::string text;
    for (std::size_t i = 0; i < size(); ++i) {
        const auto value = literal(i, configuration[i]);
        if (!value) continue;
        const auto* real = std::get_if<double>(&*value);
        text += fmt::format("{}{}={}", text.empty() ? "" : " ", parameters_[i].name,
                            real ? fmt::format("{:.4g}", *real) : to_string(*value));
    }
    return text;
}

std::string SearchSpace::describe(const Forbidden& clause) const {
    std::string text;
    for (const auto& condition : clause.all_of) {
        const auto& on = parameters_[condition.parameter];
        std::string values;
        for (const auto index : condition.any_of) {
            values += fmt::format("{}{}", values.empty() ? "" : "|", to_string(choices(on.domain)[index]));
        }
        text += fmt::format("{}{}={}", text.empty() ? "" : " and ", on.name, values);
    }
    return text;
}

std::uint64_t SearchSpace::grid_size(std::uint32_t points) const { return Grid(*this, points).size(); }

std::optional<Configuration> SearchSpace::grid_point(std::uint64_t index, std::uint32_t points) const {
    const Grid grid(*this, points);
    if (index >= grid.size() || grid.next(index) != index) return {};
    return grid.at(index);
}

}  // namespace stemma
