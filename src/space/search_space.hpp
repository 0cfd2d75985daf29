#pragma once
// The immutable description of what is searched, with the one transform between configurations and the unit cube. Every
// sampler and every perturbation uses this transform.

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "space/axis.hpp"
#include "space/configuration.hpp"
#include "space/parameter.hpp"

namespace stemma {

class SearchSpace {
public:
    SearchSpace() = default;
    /// Throws UserError naming the parameter and the remedy in these cases: two names are equal; a domain is empty or a
    /// single number; a scale or role does not fit its domain; a default value is outside its domain. So does a
    /// condition that points to itself, to a later parameter, to a range or to an absent value.
    explicit SearchSpace(std::vector<Parameter> parameters, std::vector<Forbidden> forbidden = {});

    std::size_t size() const { return parameters_.size(); }
    const Parameter& operator[](std::size_t index) const { return parameters_[index]; }
    std::span<const Parameter> parameters() const { return parameters_; }
    std::span<const Forbidden> forbidden() const { return forbidden_; }
    const Axis& axis(std::size_t index) const { return axes_[index]; }
    /// Index of the parameter called `name`.
    std::optional<std::size_t> find(std::string_view name) const;

    /// The configuration at point `unit` in [0,1)^size(): scales and steps are applied, inactive parameters are
    /// Inactive, constants are filled in. Coordinates outside [0,1) are clipped. Coordinates of inactive parameters and
    /// constants are ignored. Forbidden clauses are not checked. O(size()).
    Configuration from_unit(std::span<const double> unit) const;
    /// The center of the cell of the unit cube that from_unit() maps to this configuration; 0.5 for inactive and
    /// constant. from_unit(to_unit(c)) == c for every c that from_unit() made. The same holds for every valid c whose
    /// reals have no more digits than from_unit() gives (space/axis.hpp). Other reals come back rounded.
    std::vector<double> to_unit(ConfigurationView configuration) const;

    /// True if no forbidden clause holds.
    bool allowed(ConfigurationView configuration) const;
    /// True if the parameter's conditions hold under the values of the parameters before it.
    bool active(std::size_t parameter, ConfigurationView configuration) const;
    /// Throws UserError naming the parameter when a value is outside its domain, of the wrong kind, or wrongly active
    /// or inactive. Throws it also when a forbidden clause holds.
    void validate(ConfigurationView configuration) const;
    /// A configuration from named literals: points given by the user. An absent parameter takes its default value, else
    /// the center of its range. Throws UserError on unknown names or values outside the domain.
    Configuration from_literals(std::span<const std::pair<std::string, Literal>> values) const;

    /// The value as a literal; nothing for Inactive.
    std::optional<Literal> literal(std::size_t parameter, const Value& value) const;
    /// "lr=0.012 optimizer=sgd": active parameters only, numbers with 4 significant digits.
    std::string describe(ConfigurationView configuration) const;
    /// "optimizer=sgd|adam and nesterov=true".
    std::string describe(const Forbidden& clause) const;

    /// The size of a grid with `points` values for each real, and for each integer without step that has more values.
    /// Clipped to 2^62. Duplicates are included. To walk a grid use space/grid.hpp.
    std::uint64_t grid_size(std::uint32_t points) const;
    /// Grid point number `index` as a configuration. Nothing if `index` is beyond the end, or if the point is forbidden
    /// or repeats an earlier point through inactivity. Index order: the last parameter moves fastest.
    std::optional<Configuration> grid_point(std::uint64_t index, std::uint32_t points) const;

private:
    std::vector<Parameter> parameters_;
    std::vector<Forbidden> forbidden_;
    std::vector<Axis> axes_;  ///< of each parameter
};

/// Access by name for trainers: typed. An error names the requested key and the known keys.
class NamedConfiguration {
public:
    NamedConfiguration(const SearchSpace& space, ConfigurationView values) : space_(&space), values_(values) {}

    bool has(std::string_view name) const;              ///< present in the space and active
    double real(std::string_view name) const;           ///< real, integer or numeric literal; throws UserError
    std::int64_t integer(std::string_view name) const;  ///< integer or integral literal; throws UserError
    bool boolean(std::string_view name) const;          ///< boolean literal; throws UserError
    std::string text(std::string_view name) const;      ///< string literal; throws UserError
    /// As above, or `fallback` when the parameter is not in the space or is inactive.
    double real_or(std::string_view name, double fallback) const;
    std::int64_t integer_or(std::string_view name, std::int64_t fallback) const;
    bool boolean_or(std::string_view name, bool fallback) const;
    std::string text_or(std::string_view name, std::string fallback) const;

    const SearchSpace& space() const { return *space_; }
    ConfigurationView values() const { return values_; }

private:
    std::optional<Literal> literal(std::string_view name) const;
    const SearchSpace* space_;
    ConfigurationView values_;
};

}  // namespace stemma
