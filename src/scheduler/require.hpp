#pragma once

#include <string>

#include "core/error.hpp"

namespace stemma {

/// Throws UserError("scheduler: " + what) unless a setting is good.
inline void require(bool good, const char* what) {
    if (!good) throw UserError(std::string("scheduler: ") + what);
}

}  // namespace stemma
