#pragma once
// Literals and domains as words and lists, for errors and for readers of run files. Used inside space/ only.

#include <span>
#include <string>
#include <string_view>

#include "space/parameter.hpp"

namespace stemma {

/// Whether the values are equal. An integer equals a real of the same value.
bool same(const Literal& a, const Literal& b);

/// The choices of a categorical, the levels of an ordinal, the value of a constant; empty for a range.
std::span<const Literal> choices(const Domain& domain);

std::string_view name_of(Scale scale);
std::string_view name_of(Role role);             ///< as in a job file: "mutable"
std::string_view kind_of(const Domain& domain);  ///< "real", "integer", "categorical", "ordinal", "constant"

/// What is allowed: "a number in [1e-05, 0.1]", "one of sgd, adam".
std::string allowed_text(const Domain& domain);

}  // namespace stemma
