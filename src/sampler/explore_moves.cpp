#include "sampler/explore_moves.hpp"

#include <algorithm>
#include <cmath>

namespace stemma {
namespace {

/// The result of a factor or a unit step on a numeric value. It may be outside the range. Direction: +1, -1, or 0 =
/// none.
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
    if (factor == 1) return {value, 0};
    double product = value * factor;
    if (scale == Scale::logit) {
        const double odds = value / (1 - value) * factor;
        product = odds / (1 + odds);
    }
    // The direction does not come from the product: rounding may have made the product equal to the value.
    return {product, (factor > 1) == (value > 0) ? 1.0 : -1.0};
}

Moved move(const Axis& axis, Scale scale, const Value& value, const ExploreSettings& settings, Stream& random) {
    const double number = as_number(value);
    const bool by_unit = settings.move == ExploreSettings::Move::unit_step || number == 0;
    if (by_unit) return by_unit_step(axis, value, settings.unit_step, random.below(2) == 1);
    return by_factor(scale, number, settings.factors[random.below(settings.factors.size())]);
}

Value perturb_real(const Real& real, const Axis& axis, const Value& value, const ExploreSettings& settings,
                   Stream& random) {
    const auto moved = move(axis, real.scale, value, settings, random);
    if (moved.direction == 0) return value;
    // Through the unit cube, which rounds to the digits of this range.
    return axis.from_unit(axis.to_unit(Value(std::clamp(moved.value, real.low, real.high))));
}

/// Moves by whole steps, at least one. By the index of the value, because sums of steps are rounded.
Value perturb_steps(Scale scale, double step, const Axis& axis, const Value& value, const ExploreSettings& settings,
                    Stream& random) {
    const auto moved = move(axis, scale, value, settings, random);
    auto steps = std::round((moved.value - as_number(value)) / step);
    if (steps == 0) steps = moved.direction;
    const auto index = static_cast<double>(axis.index_of(value)) + steps;
    return axis.at(static_cast<std::uint64_t>(std::clamp(index, 0.0, static_cast<double>(axis.count() - 1))));
}

Value neighbor(std::uint32_t index, std::uint64_t count, Stream& random) {
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
        if (!real->step) return perturb_real(*real, axis, value, settings, random);
        return perturb_steps(real->scale, *real->step, axis, value, settings, random);
    }
    if (const auto* integer = std::get_if<Integer>(&parameter.domain)) {
        const auto step = static_cast<double>(integer->step.value_or(1));
        return perturb_steps(integer->scale, step, axis, value, settings, random);
    }
    const auto index = std::get<Choice>(value).index;
    if (std::holds_alternative<Ordinal>(parameter.domain)) return neighbor(index, axis.count(), random);
    return other_choice(index, axis.count(), settings.categorical_probability, random);
}

}  // namespace stemma
