#pragma once
// Output of commands. Whatever the text quotes, a terminal gets nothing but text (core/printable.hpp).

#include <string_view>

namespace stemma {

/// To standard output.
void print(std::string_view text);

/// To standard error, as a line.
void print_error(std::string_view line);

}  // namespace stemma
