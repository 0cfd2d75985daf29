#pragma once
// SIGINT, SIGTERM and SIGUSR1 as something to look at between two steps of the rank-0 loop.

#include <cstdint>

namespace stemma {

/// A write to a pipe or socket whose reader is gone fails with EPIPE from now on, in this process, and does not end it.
/// For a search: whoever reads its output, or another rank, may go at any moment.
void survive_broken_pipes();

enum class Interruption : std::uint8_t {
    none,
    graceful,  ///< first signal: no new leases, running ones end at their next boundary, the run ends resumable
    now,       ///< a SIGINT or SIGTERM after any other: leave at once (the record is whole at any moment)
};

/// Catches the three signals from construction to destruction, and puts the former handlers back. One object at a time
/// (signal dispositions belong to the process); a second one throws InternalError.
/// USR1 asks for a graceful end however often it comes: batch systems and launchers repeat it.
class SignalWatch {
public:
    SignalWatch();
    ~SignalWatch();
    SignalWatch(const SignalWatch&) = delete;
    SignalWatch& operator=(const SignalWatch&) = delete;

    /// What the signals so far ask for. Never goes back. Costs one atomic load; any thread.
    Interruption asked() const;
};

}  // namespace stemma
