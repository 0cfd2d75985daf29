#pragma once
// One coordinate of the unit cube: a domain with everything that the transform needs computed beforehand.

#include <cstdint>
#include <optional>

#include "space/configuration.hpp"
#include "space/parameter.hpp"

namespace stemma {

/// How [0, 1) maps to a domain:
/// * real without step: the scale is stretched over [low, high]; the value is rounded to 14 digits of the larger bound
///   (linear), to 11 significant digits (log), or to either (logit: below and above one half);
/// * choices and levels, linear integers and steps: equal cells, one a value, so every value is equally likely;
/// * integers and steps with log or logit scale: the cell of a value ends half way (natural scale) to its neighbours;
/// the
///   first and the last cell are symmetric about their value on the scale.
class Axis {
public:
    /// Most values that a domain with steps may have: beyond, a coordinate could not tell neighbours apart.
    static constexpr std::uint64_t max_count = std::uint64_t{1} << 40U;

    /// The domain has passed check() (space/check.hpp).
    explicit Axis(const Domain& domain);

    /// `unit` outside [0, 1) is clipped (NaN: 0). About 20 ns.
    Value from_unit(double unit) const;
    /// The centre of the value's cell, or its own coordinate, in [0, 1); 0.5 for a constant. The value is in the
    /// domain.
    double to_unit(const Value& value) const;
    bool contains(const Value& value) const;

    bool constant() const { return kind_ == Kind::constant; }
    /// Number of values; 0 for a real without step.
    std::uint64_t count() const { return kind_ == Kind::continuous ? 0 : count_; }
    /// Value number `index` < count(), in ascending order.
    Value at(std::uint64_t index) const;
    /// Number of a value in the domain; not of a real without step.
    std::uint64_t index_of(const Value& value) const;
    /// The value nearest to `number` if that is in the domain (steps: within 1e-9 of a step, or of the digits that
    /// are kept, so that 0.3 is found in 0, 0.1, ...). Reals and integers only.
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
