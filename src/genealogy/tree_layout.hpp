#pragma once
// Which members of a forest are drawn, in which order, and the lines that join them.

#include <string>
#include <vector>

#include "genealogy/genealogy.hpp"

namespace stemma {

/// One line of a drawn forest: a member, or (none) what is left out there.
struct TreeLine {
    std::string art;  ///< what stands before the member's number
    MemberId member = {};
    std::uint64_t left_out = 0;     ///< children (or roots) that have no line
    std::uint64_t descendants = 0;  ///< of these, themselves not counted
};

/// A member's line goes on straight down with one of its children, the one towards the best member or else the one with
/// the most descendants; its other children branch off above that. So the drawing is at most about log2(members)
/// branches wide, however deep it is.
///
/// `limit` > 0 lines at most, 0 = all members: first the way to the best member, then those with the most descendants,
/// then those with the best metric. (The way to the best member is drawn whole; it alone may exceed the limit.)
/// O(n log n).
std::vector<TreeLine> layout_forest(const Genealogy& genealogy, std::size_t limit, bool unicode);

}  // namespace stemma
