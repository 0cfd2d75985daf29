#pragma once
// One dimension of a search space: its domain, its role, and when it is active.

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace stemma {

/// A value as a user writes it in a job file.
using Literal = std::variant<bool, std::int64_t, double, std::string>;

/// A literal's text as in TOML, strings without quotes: sgd, 1e-3, true.
std::string to_string(const Literal& literal);

/// How the unit interval is stretched over a numeric range. `logit` is for real values strictly inside (0, 1). `mixed`
/// is no scale of job files but one of samplers' own (space/wide.hpp): for reals above 0 without step.
enum class Scale : std::uint8_t { linear, log, logit, mixed };

/// Real range [low, high]. With `step`, values are low + k * step (on the natural scale).
struct Real {
    double low = 0;
    double high = 1;
    Scale scale = Scale::linear;
    std::optional<double> step;
};

/// Integer range [low, high], both included. With `step`, values are low + k * step. No logit scale.
struct Integer {
    std::int64_t low = 0;
    std::int64_t high = 1;
    Scale scale = Scale::linear;
    std::optional<std::int64_t> step;
};

/// Values without order. A boolean parameter is Categorical{{false, true}}.
struct Categorical {
    std::vector<Literal> choices;
};

/// Values with an order. A perturbation moves to a neighbor.
struct Ordinal {
    std::vector<Literal> levels;
};

/// A value that is not searched but belongs to every configuration.
struct Constant {
    Literal value;
};

using Domain = std::variant<Real, Integer, Categorical, Ordinal, Constant>;

/// What may change between a parent and a child that inherits its weights.
enum class Role : std::uint8_t {
    fixed,                  ///< a child inherits it unchanged
    mutable_value,          ///< a child may differ from its parent (job file: "mutable")
    hypergradient,          ///< moves inside a member during training; a child goes on with what has moved
    mutable_hypergradient,  ///< as `hypergradient`; a child may also start from another value than its parent had
};

/// A child may have another value in its configuration than its parent.
constexpr bool may_differ(Role role) { return role == Role::mutable_value || role == Role::mutable_hypergradient; }
/// The value moves inside a member during training.
constexpr bool moves_in_training(Role role) {
    return role == Role::hypergradient || role == Role::mutable_hypergradient;
}

/// `parameter` is active and has one of the choices in `any_of` (indices into the choices or levels of that parameter).
struct Condition {
    std::size_t parameter = 0;
    std::vector<std::uint32_t> any_of;
};

struct Parameter {
    std::string name;
    Domain domain;
    Role role = Role::fixed;
    /// The first configuration of samplers that start from a prior. An index or a number, checked against the domain.
    std::optional<Literal> default_value;
    /// The parameter is active if all conditions hold. Conditions point to parameters that stand before this parameter.
    std::vector<Condition> when;
    /// The parameter's place for messages: "jobs/x.toml:12:1"; "" = in no file.
    std::string where = {};
};

/// A combination that must not occur: all conditions hold at once.
struct Forbidden {
    std::vector<Condition> all_of;
};

}  // namespace stemma
