#pragma once
// Names and values as TOML has them, for texts that a program reads again.

#include <string>
#include <string_view>

#include "space/parameter.hpp"

namespace stemma {

/// `text` between quotes, whole. What is no printable character is escaped; bytes that are no UTF-8 stay as they are.
std::string toml_text(std::string_view text);

/// A key: bare where TOML allows it, else in quotes.
std::string toml_key(std::string_view name);

/// `0.001`, `true`, `"sgd"`: reads back as the same value of the same type.
std::string toml_value(const Literal& literal);

}  // namespace stemma
