#pragma once
// Synchronous successive halving (Jamieson & Talwalkar, AISTATS 2016; Li et al., MLSys 2020, Algorithm 1).

#include <cstdint>
#include <memory>

#include "scheduler/scheduler.hpp"

namespace stemma {

struct ShaSettings {
    std::uint64_t members = 0;      ///< n of a bracket, >= 1
    Resource min = 1;               ///< r
    Resource max = 1;               ///< R
    std::int64_t eta = 3;           ///< >= 2
    int early_stopping_rate = 0;    ///< s
    /// Workers that find nothing to do in the bracket (a rung is being waited for) begin another one, until the budget ends
    /// the search. Off: one bracket, and workers wait.
    bool repeat_brackets = false;
};

/// A failed member does not hold up its rung: the rung ends when nobody of it is in training any more, and the next one is
/// filled from those that finished. Non-finite members never go up. O(log n) amortised an event.
std::unique_ptr<Scheduler> make_sha(const ShaSettings& settings);

}  // namespace stemma
