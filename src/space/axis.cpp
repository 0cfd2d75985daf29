#include "space/axis.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>

#include "core/error.hpp"
#include "space/decimal.hpp"

namespace stemma {
namespace {

constexpr double below_one = 1.0 - std::numeric_limits<double>::epsilon() / 2;

/// The digits kept are few: the error of a round trip stays below half a unit of the last digit. That error is a few
/// ulps, and on a log scale |log(value)| <= 745 times as many.
constexpr int linear_digits = 13;  ///< places after the first digit of the larger bound
constexpr int log_digits = 10;     ///< places after the value's own first digit
constexpr int logit_places = 14;   ///< from one half upwards

/// A uniform draw on the mixed scale is log with this probability, else linear.
constexpr double log_share = 0.8;

/// Share of [low, high] below `value` on the mixed scale.
double mixed_share(double value, double low, double high) {
    return (1 - log_share) * (value - low) / (high - low) + log_share * std::log(value / low) / std::log(high / low);
}

/// Its inverse, by Newton's method in t = log(value / low). The share is convex in t, and the start is not below the
/// solution, so that each step goes down to it.
double mixed_value(double share, double low, double high) {
    const double length = std::log(high / low), rest = high / low - 1;
    double t = std::min(share / log_share * length, std::log1p(share / (1 - log_share) * rest));
    for (int step = 0; step < 50; ++step) {
        const double excess = (1 - log_share) * std::expm1(t) / rest + log_share * t / length - share;
        const double next = t - excess / ((1 - log_share) * std::exp(t) / rest + log_share / length);
        if (!(next < t)) break;
        t = next;
    }
    return low * std::exp(t);
}

double clip(double unit) { return unit > 0 ? std::min(unit, below_one) : 0.0; }

}  // namespace

Axis::Axis(const Domain& domain) {
    if (const auto* real = std::get_if<Real>(&domain)) {
        set_continuous(*real);
        if (!real->step) return;
        kind_ = Kind::real_steps;
        // The small addition keeps the last step where a bound misses it by rounding (0.1 * 3 > 0.3).
        count_ = static_cast<std::uint64_t>((real->high - real->low) / *real->step + 1e-9) + 1;
        set_cells(real->low, *real->step, real->scale);
    } else if (const auto* integer = std::get_if<Integer>(&domain)) {
        kind_ = Kind::integer;
        integer_low_ = integer->low;
        integer_step_ = integer->step.value_or(1);
        const auto range = static_cast<std::uint64_t>(integer->high) - static_cast<std::uint64_t>(integer->low);
        count_ = range / static_cast<std::uint64_t>(integer_step_) + 1;
        set_cells(static_cast<double>(integer->low), static_cast<double>(integer_step_), integer->scale);
    } else if (const auto* categorical = std::get_if<Categorical>(&domain)) {
        kind_ = Kind::choice;
        count_ = categorical->choices.size();
    } else if (const auto* ordinal = std::get_if<Ordinal>(&domain)) {
        kind_ = Kind::choice;
        count_ = ordinal->levels.size();
    }
}

void Axis::set_continuous(const Real& real) {
    kind_ = Kind::continuous;
    scale_ = real.scale;
    low_ = real.low;
    high_ = real.high;
    places_ = linear_digits - decimal_exponent(std::max(std::abs(low_), std::abs(high_)));
    origin_ = stretch(low_);
    width_ = stretch(high_) - origin_;

    const auto inside = [&](double bound, double direction) {
        const auto at = places(bound, stretch(bound));
        const auto rounded = round_decimal(bound, at);
        return (rounded - bound) * direction < 0 ? round_decimal(rounded + direction * decimal(1, at), at) : rounded;
    };
    first_ = inside(low_, 1);
    last_ = inside(high_, -1);
    ensure(first_ < last_, "check() refuses ranges too narrow for the digits that are kept");
}

void Axis::set_cells(double first, double step, Scale scale) {
    scale_ = scale;
    low_ = first;
    step_ = step;
    high_ = first + static_cast<double>(count_ - 1) * step;
    if (scale == Scale::linear || count_ == 1) return;
    const double lowest = stretch(low_), highest = stretch(high_);
    origin_ = 2 * lowest - stretch(low_ + step / 2);
    width_ = 2 * highest - stretch(high_ - step / 2) - origin_;
}

double Axis::stretch(double natural) const {
    switch (scale_) {
        case Scale::linear:
            return natural;
        case Scale::log:
            return std::log(natural);
        case Scale::logit:
            return std::log(natural / (1 - natural));
        case Scale::mixed:
            return mixed_share(natural, low_, high_);
    }
    unreachable("a scale");
}

double Axis::natural(double stretched) const {
    switch (scale_) {
        case Scale::linear:
            return stretched;
        case Scale::log:
            return std::exp(stretched);
        case Scale::logit:
            return 1 / (1 + std::exp(-stretched));
        case Scale::mixed:
            return mixed_value(stretched, low_, high_);
    }
    unreachable("a scale");
}

int Axis::places(double value, double stretched) const {
    if (scale_ == Scale::linear) return places_;
    if (scale_ == Scale::log) return log_digits - static_cast<int>(std::floor(stretched * std::numbers::log10e));
    if (scale_ == Scale::mixed) return log_digits - decimal_exponent(value);
    return value < 0.5 ? log_digits - decimal_exponent(value) : logit_places;
}

double Axis::round(double value, double stretched) const {
    return std::clamp(round_decimal(value, places(value, stretched)), first_, last_);
}

double Axis::step_value(std::uint64_t index) const {
    // places_ belongs to the larger bound: 0.1 + 2 * 0.1 becomes 0.3.
    return round_decimal(low_ + static_cast<double>(index) * step_, places_);
}

std::uint64_t Axis::cell(double unit) const {
    if (scale_ == Scale::linear || count_ == 1) {
        return std::min(count_ - 1, static_cast<std::uint64_t>(unit * static_cast<double>(count_)));
    }
    const double steps = (natural(origin_ + unit * width_) - low_) / step_ + 0.5;
    return static_cast<std::uint64_t>(std::clamp(steps, 0.0, static_cast<double>(count_ - 1)));
}

Value Axis::from_unit(double unit) const {
    unit = clip(unit);
    if (kind_ != Kind::continuous) return at(kind_ == Kind::constant ? 0 : cell(unit));
    const double stretched = origin_ + unit * width_;
    return round(natural(stretched), stretched);
}

double Axis::to_unit(const Value& value) const {
    if (kind_ == Kind::constant) return 0.5;
    if (kind_ == Kind::continuous) return clip((stretch(std::get<double>(value)) - origin_) / width_);
    const auto index = static_cast<double>(index_of(value));
    if (scale_ == Scale::linear || count_ == 1) return (index + 0.5) / static_cast<double>(count_);
    const double lower = index == 0 ? origin_ : stretch(low_ + (index - 0.5) * step_);
    const bool is_last = index == static_cast<double>(count_ - 1);
    const double upper = is_last ? origin_ + width_ : stretch(low_ + (index + 0.5) * step_);
    return clip(((lower + upper) / 2 - origin_) / width_);
}

Value Axis::at(std::uint64_t index) const {
    switch (kind_) {
        case Kind::continuous:
            break;
        case Kind::real_steps:
            return step_value(index);
        case Kind::integer:
            return static_cast<std::int64_t>(static_cast<std::uint64_t>(integer_low_) +
                                             index * static_cast<std::uint64_t>(integer_step_));
        case Kind::choice:
        case Kind::constant:
            return Choice{static_cast<std::uint32_t>(index)};
    }
    unreachable("values of a continuous range have no number");
}

std::uint64_t Axis::index_of(const Value& value) const {
    if (kind_ == Kind::real_steps) {
        return static_cast<std::uint64_t>(std::nearbyint((std::get<double>(value) - low_) / step_));
    }
    if (kind_ == Kind::integer) {
        const auto distance =
            static_cast<std::uint64_t>(std::get<std::int64_t>(value)) - static_cast<std::uint64_t>(integer_low_);
        return distance / static_cast<std::uint64_t>(integer_step_);
    }
    return std::get<Choice>(value).index;
}

bool Axis::contains(const Value& value) const {
    if (kind_ == Kind::continuous) {
        const auto* real = std::get_if<double>(&value);
        return real && *real >= low_ && *real <= high_;
    }
    if (kind_ == Kind::real_steps) {
        const auto* real = std::get_if<double>(&value);
        if (!real || !(*real >= low_ - step_ / 2 && *real <= high_ + step_ / 2)) return false;
    } else if (kind_ == Kind::integer) {
        const auto* integer = std::get_if<std::int64_t>(&value);
        if (!integer || *integer < integer_low_) return false;
    } else if (!std::holds_alternative<Choice>(value)) {
        return false;
    }
    const auto index = index_of(value);
    return index < count_ && at(index) == value;
}

std::optional<Value> Axis::nearest(double number) const {
    Value value = number;
    if (kind_ == Kind::real_steps) {
        const double steps = std::nearbyint((number - low_) / step_);
        if (!(steps >= 0 && steps < static_cast<double>(count_))) return {};
        value = at(static_cast<std::uint64_t>(steps));
        if (std::abs(std::get<double>(value) - number) > std::max(1e-9 * step_, decimal(1, places_))) return {};
    } else if (kind_ == Kind::integer) {
        if (number != std::floor(number) || std::abs(number) > 0x1p53) return {};
        value = static_cast<std::int64_t>(number);
    }
    return contains(value) ? std::optional(value) : std::nullopt;
}

}  // namespace stemma
