#pragma once
// Signals that ask for the end, as something to look at between two steps of the rank-0 loop.

#include <cstdint>

namespace stemma {

/// A write to a pipe or socket whose reader is gone fails with EPIPE from now on, in this process, and does not end it.
/// For a search: whoever reads its output, or another rank, may go at any moment.
void survive_broken_pipes();

enum class Interruption : std::uint8_t {
    none,
    graceful,  ///< first order: no new leases, running ones end at their next boundary, the run ends resumable
    now,       ///< a SIGINT or SIGTERM after an order: leave at once (the record is whole at any moment)
};

/// Catches signals from construction to destruction, and puts the former handlers back. One object at a time (signal
/// dispositions belong to the process); a second one throws InternalError. SIGINT, SIGTERM, SIGUSR2, SIGXCPU and SIGHUP
/// are orders; the last three ask for a graceful end however often they come: batch systems and launchers repeat them,
/// and a terminal that closes sends SIGHUP twice; they stay ignored where they were (nohup). SIGUSR1 is a warning, to
/// be judged by who knows how much time is left, and an order once it is heeded.
class SignalWatch {
public:
    SignalWatch();
    ~SignalWatch();
    SignalWatch(const SignalWatch&) = delete;
    SignalWatch& operator=(const SignalWatch&) = delete;

    /// What the signals so far order. Never goes back. Costs one atomic load; any thread.
    Interruption asked() const;
    /// True once for the warnings since the last call.
    bool take_warning();
    /// Makes of a warning an order to end gracefully.
    void heed_warning();
};

}  // namespace stemma
