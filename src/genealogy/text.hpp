#pragma once
// Genealogies for the terminal.

#include <string>
#include <vector>

#include "genealogy/genealogy.hpp"
#include "space/search_space.hpp"

namespace stemma {

/// The names for the numbers of a genealogy.
struct GenealogyNames {
    std::string run;
    std::string metric;
    std::string unit;  ///< "epoch" or "step"
    const SearchSpace* space = nullptr;
};

struct TextStyle {
    int width = 80;  ///< columns; longer lines are cut and end with an ellipsis
    bool unicode = true;
    std::size_t lines = 100;  ///< about; 0 = all
};

/// The whole forest. For each member: its number, how it was born, its own training, its last metric (of the best
/// member its best report), its configuration.
std::string forest_text(const Genealogy& genealogy, const GenealogyNames& names, const TextStyle& style);

/// From the root to `member`, each with its siblings (best first) below it, then the member's children.
std::string path_text(const Genealogy& genealogy, MemberId member, const GenealogyNames& names, const TextStyle& style);

namespace detail {

/// Columns padded to their widest cell (counted in code points), two blanks between; `right`: columns aligned right.
/// Rows of one cell are lines of their own. Lines are cut to `width`. Beyond `lines` (0 = no limit) the middle is left
/// out.
std::string aligned(const std::vector<std::vector<std::string>>& rows, const std::vector<bool>& right,
                    const TextStyle& style);
/// "0.5312"; "-" for NaN.
std::string metric_text(double metric);
/// "exploit, donor 7".
std::string birth_text(const Relative& member);

}  // namespace detail

}  // namespace stemma
