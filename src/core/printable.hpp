#pragma once
// Foreign text for terminals. Names, messages and output come from run files, job files and programs of other users. A
// terminal obeys control sequences in them. Texts are recorded unchanged and cleaned when they are printed.

#include <string>
#include <string_view>

namespace stemma {

/// The character that starts `text`, and that is removed from `text`: a code point of well-formed UTF-8, or one byte
/// that starts no character. `text` must not be empty.
struct Character {
    std::string_view bytes;
    char32_t code = 0;
    bool valid = false;  ///< false: `bytes` is one byte that starts no character
};
Character next_character(std::string_view& text);

/// Whether a terminal shows the character as text. Control characters of both sets are no text, nor are line ends and
/// tabs. Separators of lines, marks and overrides of the writing direction, byte order marks and tags are no text
/// either.
bool is_text(char32_t code);

/// `text` with '?' for each character that is no text, and for each byte that is no UTF-8. Line ends and tabs stay.
std::string printable(std::string_view text);

/// printable() in one line, for names: line ends and tabs become blanks.
std::string printable_line(std::string_view text);

/// `text` cut to `width` columns, so that a redrawn line never wraps. UTF-8 aware; each code point counts as one
/// column.
std::string cut_to_width(std::string_view text, int width);

}  // namespace stemma
