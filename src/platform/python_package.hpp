#pragma once
// The place of the Python package that belongs to this program.

#include <filesystem>

namespace stemma {

/// The folder to import `stemma` from: <tree>/analysis for <tree>/build/stemma, <prefix>/share/stemma/analysis for
/// <prefix>/bin/stemma. Empty if there is no such folder, for example for a user's own program elsewhere.
std::filesystem::path python_package_folder();

}  // namespace stemma
