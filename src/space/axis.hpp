#pragma once
// One coordinate of the unit cube: a domain with the precomputed constants of its transform.

#include <cstdint>
#include <optional>

#include "space/configuration.hpp"
#include "space/parameter.hpp"

namespace stemma {

/// How [0, 1) maps to a domain:
/// * Real without step: the scale is stretched over [low, high]. A linear value is rounded to 14 digits of the larger
///   bound, a log value to 11 significant digits. A logit value is rounded like a linear value above one half, and like
///   a log value below. A mixed value is rounded like a log value.
/// * Choices, levels, linear integers and linear steps: equal cells, one for each value. Every value is equally likely.
/// * Integers and steps with log or logit scale: the cell of a value ends half way to its neighbors on the natural
///   scale. The first and the last cell are symmetric about their value on the stretched scale.
class Axis {
public:
    /// Most values of a domain with steps: beyond, a coordinate could not tell neighbors apart.
    static constexpr std::uint64_t max_count = std::uint64_t{1} << 40U;

    /// `domain` has passed check() (space/check.hpp).
    explicit Axis(const Domain& domain);

    /// `unit` outside [0, 1) is clipped (NaN: 0). About 20 ns; mixed: 0.3 us.
    Value from_unit(double unit) const;
    /// The center of the value's cell, or the value's own coordinate, in [0, 1); 0.5 for a constant. The value must be
    /// in the domain.
    double to_unit(const Value& value) const;
    bool contains(const Value& value) const;

    bool constant() const { return kind_ == Kind::constant; }
    /// Number of values; 0 for a real without step.
    std::uint64_t count() const { return kind_ == Kind::continuous ? 0 : count_; }
    /// Value number `index` < count(), in ascending order.
    Value at(std::uint64_t index) const;
    /// The index of a value of the domain. Not for a real without step.
    std::uint64_t index_of(const Value& value) const;
    /// The value nearest to `number`, if that value is in the domain. With steps: within 1e-9 of a step, or of the
    /// digits that are kept, so that 0.3 is found in 0, 0.1, .... Reals and integers only.
    std::optional<Value> nearest(double number) const;

private:
    enum class Kind : std::uint8_t { continuous, real_steps, integer, choice, constant };

    void set_continuous(const Real& real);
    void set_cells(double first, double step, Scale scale);
    double stretch(double natural) const;
    double natural(double stretched) const;
    double round(double value, double stretched) const;
    int places(double value, double stretched) const;
    double step_value(std::uint64_t index) const;
    std::uint64_t cell(double unit) const;

    Kind kind_ = Kind::constant;
    Scale scale_ = Scale::linear;
    int places_ = 0;               ///< decimal places of a linear real
    std::uint64_t count_ = 1;      ///< values, unless continuous
    double low_ = 0, high_ = 0;    ///< natural scale, as given; steps and integers: of the first and last value
    double first_ = 0, last_ = 0;  ///< continuous: smallest and largest rounded value inside [low, high]
    double step_ = 1;
    double origin_ = 0, width_ = 1;  ///< of the unit interval on the stretched scale
    std::int64_t integer_low_ = 0, integer_step_ = 1;
};

}  // namespace stemma
