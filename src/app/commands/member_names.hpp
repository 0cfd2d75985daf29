#pragma once
// How members are named on the command line.

#include <filesystem>
#include <string>

#include "genealogy/genealogy.hpp"

namespace stemma {

/// The best member. Throws UserError if no member has a finite metric yet.
MemberId best_of(const Genealogy& genealogy, const std::filesystem::path& file);

/// The member of a number, or of "best". Throws UserError, which says what members there are.
MemberId member_called(const Genealogy& genealogy, const std::filesystem::path& file, const std::string& name);

}  // namespace stemma
