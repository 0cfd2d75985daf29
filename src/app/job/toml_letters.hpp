#pragma once
// Characters beyond ASCII in a TOML text, before the parser sees them. TOML allows them in strings and comments alone.

#include <cstddef>
#include <string>
#include <string_view>

namespace stemma::detail {

struct TomlLetters {
    /// The text with two changes in """ strings. A character beyond ASCII after a backslash became `?`, no escape
    /// either. One after a line continuation became its escape, such as `\U000000E9`, which has the same value.
    std::string text;
    /// Where the first character beyond ASCII stands that is in no string and no comment; npos: nowhere. A byte order
    /// mark at the start of the text does not count.
    std::size_t outside = std::string::npos;
};

/// In both of these places toml++ 3.3 asks a table that has no answer, which is undefined behavior. Pure; linear.
TomlLetters toml_letters(std::string_view text);

}  // namespace stemma::detail
