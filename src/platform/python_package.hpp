#pragma once
// Where the Python package lies that belongs to this program.

#include <filesystem>

namespace stemma {

/// The folder to import `stemma` from: <tree>/analysis for <tree>/build/stemma, <prefix>/share/stemma/analysis for
/// <prefix>/bin/stemma. Empty where there is none: a program of a user's own elsewhere.
std::filesystem::path python_package_folder();

}  // namespace stemma
