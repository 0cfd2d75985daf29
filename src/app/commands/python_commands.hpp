#pragma once
// Subcommands that are written in Python: the package `stemma` in analysis/.

#include <string>
#include <vector>

#include "app/ranks/exit_codes.hpp"

namespace stemma {

/// Becomes Python with the package's command WORDS.... Returns only by throwing UserError, if there is no Python. The
/// interpreter is $STEMMA_PYTHON or python3. The package comes from the tree or the installation of this program, else
/// it must be installed in that Python. Nothing is taken from the working folder.
[[noreturn]] void become_python(const std::vector<std::string>& words);

/// Runs the same in a child process, and waits for it: for use before further output of this process.
ExitCode run_python(const std::vector<std::string>& words);

}  // namespace stemma
