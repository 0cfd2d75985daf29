#pragma once
// Paths as people write them in a job file: ~, environment variables, and places relative to the job file.

#include <string>
#include <string_view>

#include "platform/launch.hpp"

namespace stemma {

/// What becomes of a variable that is not set.
enum class Unset : bool {
    refused,  ///< UserError that names the variable
    kept,     ///< it stays in the text, as in a shell script that sets it itself
};

/// `text` with "~" or "~/" at its start replaced by $HOME, and $NAME and ${NAME} by the variable's value. "$$" is a
/// dollar. A dollar before anything else is plain text. Pure.
std::string expanded(std::string_view text, const Environment& environment, Unset unset = Unset::refused);

/// The place of a file that a job names: `text` expanded by this process's environment, and if it is relative, within
/// `folder`. "" stays "". Throws UserError for a variable that is not set.
std::string placed_path(const std::string& text, const std::string& folder);

/// A word of a command: expanded, unless it has blanks (it is then a script of its own, as of `bash -c`). A relative
/// word, or what follows "=" in an option, that names a file in `folder` becomes that file's path.
std::string placed_word(const std::string& word, const std::string& folder);

/// The executable file that a shell would start for `word`; "" if there is none. Without a slash in `word`, the folders
/// of PATH are searched.
std::string program_path(const std::string& word);

}  // namespace stemma
