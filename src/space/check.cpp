#include "space/check.hpp"

#include <algorithm>
#include <cmath>
#include <set>
#include <string>
#include <string_view>

#include "core/error.hpp"
#include "space/axis.hpp"
#include "space/text.hpp"

namespace stemma {
namespace {

[[noreturn]] void refuse(std::string_view name, const std::string& problem) {
    throw UserError("hyperparameter \"" + std::string(name) + "\": " + problem);
}

void check_range(const std::string& name, const Literal& low, const Literal& high, bool ordered, bool equal) {
    const auto bounds = "low = " + to_string(low) + ", high = " + to_string(high);
    if (equal) refuse(name, bounds + " is a single value; make it a constant");
    if (!ordered) refuse(name, bounds + " is an empty range; low must be smaller than high");
}

void check_cells(const std::string& name, Scale scale, double high, double count, double step) {
    const auto limit = static_cast<double>(Axis::max_count);
    if (count > limit || (scale != Scale::linear && high / step > limit)) {
        refuse(name, "has more than 2^40 values; use a real range without step, or a larger step");
    }
}

void check(const std::string& name, const Real& real) {
    if (!std::isfinite(real.low) || !std::isfinite(real.high)) refuse(name, "low and high must be finite numbers");
    check_range(name, real.low, real.high, real.low < real.high, real.low == real.high);
    if (!std::isfinite(real.high - real.low)) refuse(name, "the range is too wide; high - low must be a finite number");
    const double tiny = 1e-9 * std::max(std::abs(real.low), std::abs(real.high));
    if (real.high - real.low < tiny) {
        refuse(name, "low and high differ by less than a billionth; widen the range or make it a constant");
    }
    if (real.scale == Scale::log && real.low <= 0) {
        refuse(name,
               "scale = \"log\" needs low > 0, found " + to_string(real.low) + "; raise low or use scale = \"linear\"");
    }
    if (real.scale == Scale::logit && (real.low <= 0 || real.high >= 1)) {
        refuse(name, "scale = \"logit\" needs 0 < low and high < 1; narrow the range or use scale = \"linear\"");
    }
    if (real.scale == Scale::mixed && (real.low <= 0 || real.step)) {
        refuse(name, "scale = \"mixed\" needs low > 0 and no step; use scale = \"linear\" or \"log\"");
    }
    if (!real.step) return;
    if (!std::isfinite(*real.step) || *real.step <= 0) refuse(name, "step must be a number above 0");
    check_cells(name, real.scale, real.scale == Scale::logit ? 1.0 : real.high, (real.high - real.low) / *real.step,
                *real.step);
    if (*real.step < tiny) {
        refuse(name, "step is below a billionth of the bounds; use a larger one or none");
    }
}

void check(const std::string& name, const Integer& integer) {
    check_range(name, integer.low, integer.high, integer.low < integer.high, integer.low == integer.high);
    if (integer.scale == Scale::logit || integer.scale == Scale::mixed) {
        refuse(name,
               "scale = \"" + std::string(name_of(integer.scale)) + "\" is for real values; use \"linear\" or \"log\"");
    }
    if (integer.scale == Scale::log && integer.low <= 0) {
        refuse(name, "scale = \"log\" needs low > 0, found " + to_string(integer.low) +
                         "; raise low or use scale = \"linear\"");
    }
    const auto step = integer.step.value_or(1);
    if (step <= 0) refuse(name, "step must be an integer above 0");
    const auto range = static_cast<double>(integer.high) - static_cast<double>(integer.low);
    check_cells(name, integer.scale, static_cast<double>(integer.high), range / static_cast<double>(step),
                static_cast<double>(step));
}

void check_choices(const std::string& name, std::span<const Literal> values) {
    if (values.empty()) refuse(name, "has no values to choose from; list at least one");
    for (std::size_t i = 0; i < values.size(); ++i) {
        const auto* real = std::get_if<double>(&values[i]);
        if (real && !std::isfinite(*real))
            refuse(name, "the value " + to_string(values[i]) + " is not a finite number");
        for (std::size_t j = 0; j < i; ++j) {
            if (same(values[i], values[j]))
                refuse(name, "the value " + to_string(values[i]) + " is listed twice; remove one");
            if (to_string(values[i]) == to_string(values[j]))
                refuse(name, "two values look the same in tables (" + to_string(values[i]) +
                                 "), a text and a number or boolean; give the text another name");
        }
    }
}

void check_domain(const Parameter& parameter) {
    if (const auto* real = std::get_if<Real>(&parameter.domain)) return check(parameter.name, *real);
    if (const auto* integer = std::get_if<Integer>(&parameter.domain)) return check(parameter.name, *integer);
    check_choices(parameter.name, choices(parameter.domain));
}

/// `where` is "its condition" or "forbidden clause 2".
void check_condition(std::span<const Parameter> parameters, const Condition& condition, std::string_view name,
                     const std::string& where) {
    const auto& on = parameters[condition.parameter];
    const auto values = choices(on.domain);
    if (values.empty()) {
        refuse(name, where + " depends on \"" + on.name + "\", which is " + std::string(kind_of(on.domain)) +
                         "; only parameters with listed values can be depended on");
    }
    if (condition.any_of.empty()) refuse(name, where + " lists no value of \"" + on.name + "\"; list at least one");
    for (const auto index : condition.any_of) {
        if (index >= values.size()) {
            refuse(name, where + " wants value number " + std::to_string(index) + " of \"" + on.name +
                             "\", which has " + std::to_string(values.size()) + " values, numbered from 0");
        }
    }
}

}  // namespace

void check_parameters(std::span<const Parameter> parameters) {
    std::set<std::string_view> names;
    for (std::size_t i = 0; i < parameters.size(); ++i) {
        const auto& parameter = parameters[i];
        if (parameter.name.empty())
            refuse("", "parameter number " + std::to_string(i + 1) + " has no name; give it one");
        if (!names.insert(parameter.name).second)
            refuse(parameter.name, "the name is used twice; rename one of the two");
        check_domain(parameter);
        const auto* real = std::get_if<Real>(&parameter.domain);
        if (moves_in_training(parameter.role) && (!real || real->step)) {
            refuse(parameter.name, "role = \"" + std::string(name_of(parameter.role)) +
                                       "\" needs a real range without step; use role = \"mutable\"");
        }
        for (const auto& condition : parameter.when) {
            if (condition.parameter >= i) {
                const auto on =
                    condition.parameter < parameters.size() ? parameters[condition.parameter].name : "nothing";
                refuse(parameter.name,
                       "its condition depends on \"" + on + "\", which must stand before it; move that one up");
            }
            check_condition(parameters, condition, parameter.name, "its condition");
        }
    }
}

void check_forbidden(std::span<const Parameter> parameters, std::span<const Forbidden> forbidden) {
    for (std::size_t i = 0; i < forbidden.size(); ++i) {
        const auto where = "forbidden clause " + std::to_string(i + 1);
        if (forbidden[i].all_of.empty()) throw UserError(where + " is empty and would forbid everything; remove it");
        for (const auto& condition : forbidden[i].all_of) {
            if (condition.parameter >= parameters.size()) {
                throw UserError(where + " names parameter number " + std::to_string(condition.parameter) +
                                " of a space of " + std::to_string(parameters.size()) + "; numbers count from 0");
            }
            check_condition(parameters, condition, parameters[condition.parameter].name, where);
        }
    }
}

}  // namespace stemma
