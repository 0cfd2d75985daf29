#pragma once
// Subcommands that are written in Python: the package `stemma` in analysis/.

#include <string>
#include <vector>

#include "app/ranks/exit_codes.hpp"

namespace stemma {

/// Becomes Python with the package's command WORDS...; returns only by throwing UserError, if there is no Python. The
/// interpreter is $STEMMA_PYTHON or python3. The package is taken from the tree or the installation that this program
/// lies in, and else is expected to be installed in that Python. Nothing is taken from the working folder.
[[noreturn]] void become_python(const std::vector<std::string>& words);

/// Runs the same as a child, and waits for it: for what follows other output of this process.
ExitCode run_python(const std::vector<std::string>& words);

}  // namespace stemma
