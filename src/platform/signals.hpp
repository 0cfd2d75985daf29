#pragma once
// Signals that ask for the end of the program, as a state that the loop of rank 0 reads between two steps.

#include <cstdint>

namespace stemma {

/// From now on a write to a pipe or socket whose reader is gone fails with EPIPE instead of ending this process. The
/// reader of a search's output, or another rank, may go at any moment.
void survive_broken_pipes();

enum class Interruption : std::uint8_t {
    none,
    graceful,  ///< first order: no new leases, running ones end at their next boundary, the run ends resumable
    now,       ///< a SIGINT or SIGTERM after an order: leave at once (the record is whole at any moment)
};

/// Catches signals from construction to destruction, then restores the former handlers. Signal dispositions belong to
/// the process, so a second object at the same time throws InternalError.
/// * SIGINT, SIGTERM, SIGUSR2, SIGXCPU and SIGHUP are orders.
/// * The last three ask for a graceful end however often they come. Batch systems and launchers repeat them, and a
///   terminal that closes sends SIGHUP twice. They stay ignored where they were ignored before (nohup).
/// * SIGUSR1 is a warning. The caller, which knows how much time is left, judges it; heed_warning() makes it an order.
class SignalWatch {
public:
    SignalWatch();
    ~SignalWatch();
    SignalWatch(const SignalWatch&) = delete;
    SignalWatch& operator=(const SignalWatch&) = delete;

    /// What the signals order so far. Never goes back. Costs one atomic load. Any thread.
    Interruption asked() const;
    /// True once for all warnings since the last call.
    bool take_warning();
    /// Turns a warning into an order to end gracefully.
    void heed_warning();
};

}  // namespace stemma
