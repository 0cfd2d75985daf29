#pragma once
// What a search space must satisfy before anything is computed with it. Inside space/ only.

#include <span>

#include "space/parameter.hpp"

namespace stemma {

/// Throws UserError naming the parameter, what is wrong and the remedy.
void check_parameters(std::span<const Parameter> parameters);
void check_forbidden(std::span<const Parameter> parameters, std::span<const Forbidden> forbidden);

}  // namespace stemma
