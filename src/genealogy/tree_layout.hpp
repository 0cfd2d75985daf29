#pragma once
// Which members of a forest are drawn, in which order, and the lines that join them.

#include <string>
#include <vector>

#include "genealogy/genealogy.hpp"

namespace stemma {

/// One line of a drawn forest: a member, or (none) a remark about left-out members.
struct TreeLine {
    std::string art;  ///< what stands before the member's number
    MemberId member = {};
    std::uint64_t left_out = 0;     ///< children (or roots) that have no line
    std::uint64_t descendants = 0;  ///< of the left-out members, themselves not counted
};

/// A member's line goes straight down with one of its children: the child towards the best member, or else the child
/// with the most descendants. Its other children branch off above that line. So the drawing is at most about
/// log2(members) branches wide, at any depth.
///
/// At most `limit` > 0 lines, 0 = all members. First comes the way to the best member, then the members with the most
/// descendants, then those with the best metric. (The way to the best member is drawn whole; it alone may exceed the
/// limit.) O(n log n).
std::vector<TreeLine> layout_forest(const Genealogy& genealogy, std::size_t limit, bool unicode);

}  // namespace stemma
