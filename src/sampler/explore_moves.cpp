#include "sampler/explore_moves.hpp"

#include <algorithm>
#include <cmath>

namespace stemma {
namespace {

/// What a factor or a unit step makes of a numeric value; may be outside the range. Direction: +1 or -1.
struct Moved {
    double value;
    double direction;
};

double as_number(const Value& value) {
    if (const auto* integer = std::get_if<std::int64_t>(&value)) return static_cast<double>(*integer);
    return std::get<double>(value);
}

Moved by_unit_step(const Axis& axis, const Value& value, double step, bool up) {
    const double direction = up ? 1.0 : -1.0;
    return {as_number(axis.from_unit(axis.to_unit(value) + direction * step)), direction};
}

Moved by_factor(Scale scale, double value, double factor) {
    double product = value * factor;
    if (scale == Scale::logit) {
        const double odds = value / (1 - value) * factor;
        product = odds / (1 + odds);
    }
    return {product, product >= value ? 1.0 : -1.0};
}

Moved move(const Axis& axis, Scale scale, const Value& value, const ExploreSettings& settings, Stream& random) {
    const double number = as_number(value);
    const bool by_unit = settings.move == ExploreSettings::Move::unit_step || number == 0;
    if (by_unit) return by_unit_step(axis, value, settings.unit_step, random.below(2) == 1);
    return by_factor(scale, number, settings.factors[random.below(settings.factors.size())]);
}

/// Whole steps from `from` (a value of the domain) to what `moved` says, at least one, kept inside [least, most].
double whole_steps(double from, Moved moved, double step, double least, double most) {
    auto steps = std::round((moved.value - from) / step);
    if (steps == 0) steps = moved.direction;
    return std::clamp(steps, std::round((least - from) / step), std::round((most - from) / step));
}

Value perturb_real(const Real& real, const Axis& axis, const Value& value, const ExploreSettings& settings,
                   Stream& random) {
    const auto moved = move(axis, real.scale, value, settings, random);
    if (!real.step) {
        // Through the unit cube, which rounds to the digits that values of this range have.
        return axis.from_unit(axis.to_unit(Value(std::clamp(moved.value, real.low, real.high))));
    }
    const auto last = std::get<double>(axis.at(axis.count() - 1));
    const auto from = std::get<double>(value);
    const auto steps = whole_steps(from, moved, *real.step, std::get<double>(axis.at(0)), last);
    return axis.nearest(from + steps * *real.step).value_or(value);
}

Value perturb_integer(const Integer& integer, const Axis& axis, const Value& value, const ExploreSettings& settings,
                      Stream& random) {
    const auto moved = move(axis, integer.scale, value, settings, random);
    const auto from = std::get<std::int64_t>(value);
    const auto step = integer.step.value_or(1);
    const auto least = std::get<std::int64_t>(axis.at(0));
    const auto most = std::get<std::int64_t>(axis.at(axis.count() - 1));
    const auto steps = whole_steps(static_cast<double>(from), moved, static_cast<double>(step),
                                   static_cast<double>(least), static_cast<double>(most));
    return from + static_cast<std::int64_t>(steps) * step;
}

Value neighbour(std::uint32_t index, std::uint64_t count, Stream& random) {
    const bool up = random.below(2) == 1;
    if (up) return Choice{index + 1 < count ? index + 1 : index};
    return Choice{index > 0 ? index - 1 : index};
}

Value other_choice(std::uint32_t index, std::uint64_t count, double probability, Stream& random) {
    if (random.uniform() >= probability || count < 2) return Choice{index};
    const auto other = static_cast<std::uint32_t>(random.below(count - 1));
    return Choice{other < index ? other : other + 1};
}

}  // namespace

Value perturb(const Parameter& parameter, const Axis& axis, const Value& value, const ExploreSettings& settings,
              Stream& random) {
    if (axis.constant()) return value;
    if (random.uniform() < settings.resample_probability) return axis.from_unit(random.uniform());
    if (const auto* real = std::get_if<Real>(&parameter.domain)) {
        return perturb_real(*real, axis, value, settings, random);
    }
    if (const auto* integer = std::get_if<Integer>(&parameter.domain)) {
        return perturb_integer(*integer, axis, value, settings, random);
    }
    const auto index = std::get<Choice>(value).index;
    if (std::holds_alternative<Ordinal>(parameter.domain)) return neighbour(index, axis.count(), random);
    return other_choice(index, axis.count(), settings.categorical_probability, random);
}

}  // namespace stemma
