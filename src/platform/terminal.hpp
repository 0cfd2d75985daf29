#pragma once
// Whether somebody watches, and how wide the window is.

#include <string>
#include <string_view>

#include "platform/launch.hpp"

namespace stemma {

struct Terminal {
    bool live = false;  ///< a status line may be redrawn in place; else print only lasting lines
    bool colour = false;
    int width = 80;  ///< columns
};

/// Of the open file `descriptor` (1 or 2). Open MPI gives a rank a pseudo-terminal of its own as standard output,
/// whether or not somebody watches mpirun: under it, mpirun's descriptor is asked (that of this host, so ranks
/// elsewhere are not live). A wrapper that knows better says so by STEMMA_TERMINAL=<columns> (0: nobody watches).
/// NO_COLOR and TERM=dumb are respected.
Terminal terminal_of(int descriptor, const Environment& environment);

/// `text` cut to `width` columns (UTF-8 aware; each code point counts as one column), so that a redrawn line never
/// wraps.
std::string cut_to_width(std::string_view text, int width);

}  // namespace stemma
