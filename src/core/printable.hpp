#pragma once
// Foreign text for terminals. Names, messages and output come from run files, job files and programs of anybody's; a
// terminal obeys what is in them. They are recorded as they are, and cleaned when they are printed.

#include <string>
#include <string_view>

namespace stemma {

/// The character that starts `text`, which is taken off: a code point of well-formed UTF-8, or nothing for a byte that
/// starts none. `text` must not be empty.
struct Character {
    std::string_view bytes;
    char32_t code = 0;
    bool valid = false;  ///< false: `bytes` is one byte that starts no character
};
Character next_character(std::string_view& text);

/// Is it text, whatever a terminal makes of text? Not so are control characters (of both sets, line ends and tabs too),
/// separators of lines, marks and overrides of the writing direction, byte order marks and tags.
bool is_text(char32_t code);

/// `text` with '?' for each character that is no text, and for each byte that is no UTF-8. Line ends and tabs stay.
std::string printable(std::string_view text);

/// The same in one line, for names: line ends and tabs become blanks.
std::string printable_line(std::string_view text);

}  // namespace stemma
