#pragma once
// Whether a user watches the output in a terminal, and how wide the terminal is.

#include "platform/launch.hpp"

namespace stemma {

struct Terminal {
    bool live = false;  ///< a status line may be redrawn in place; else print lasting lines only
    bool color = false;
    int width = 80;  ///< columns
};

/// The terminal behind the open file `descriptor` (1 or 2). Open MPI gives a rank a pseudo-terminal as standard output,
/// whether or not mpirun's own output is a terminal. Under Open MPI mpirun's descriptor is asked, on its own host:
/// ranks on other hosts are not live. A wrapper that knows better sets STEMMA_TERMINAL=<columns> (0: no terminal).
/// NO_COLOR and TERM=dumb are respected.
Terminal terminal_of(int descriptor, const Environment& environment);

}  // namespace stemma
