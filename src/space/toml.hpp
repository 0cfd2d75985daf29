#pragma once
// Names and values in TOML syntax, for texts that a program reads again.

#include <string>
#include <string_view>

#include "space/parameter.hpp"

namespace stemma {

/// The whole `text` between quotes. Characters that cannot be printed are escaped. Bytes that are no UTF-8 stay
/// unchanged.
std::string toml_text(std::string_view text);

/// A key: bare where TOML allows it, otherwise in quotes.
std::string toml_key(std::string_view name);

/// `0.001`, `true`, `"sgd"`: reads back as the same value of the same type.
std::string toml_value(const Literal& literal);

}  // namespace stemma
