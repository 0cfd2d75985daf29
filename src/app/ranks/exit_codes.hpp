#pragma once

namespace stemma {

/// What `stemma` returns, for batch scripts.
enum class ExitCode : int {
    ok = 0,            ///< the search ended by itself: budget, target, nothing left
    failed = 1,        ///< no training gave a finite metric, all fail alike, or every worker was retired
    user_error = 2,    ///< found before the start or by every worker, or a full disk; the message says what to change
    mismatch = 3,      ///< verify: a decision or a table differs from the record
    stopped = 4,       ///< by `stemma stop`: resumable, but not to be queued again
    search_ended = 5,  ///< ask: there is nothing more to train
    nothing_now = 6,   ///< ask: not before a lease that is out is told
    other_rules = 7,   ///< verify: the run was decided by rules that this program does not have
    internal_error = 70,  ///< a bug (EX_SOFTWARE)
    not_started = 71,     ///< ranks that a launcher started did not find each other in time (EX_OSERR)
    requeue = 75,         ///< ended by a signal, a time limit or the loss of ranks: resume it (EX_TEMPFAIL)
};

}  // namespace stemma
