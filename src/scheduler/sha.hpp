#pragma once
// Synchronous successive halving (Jamieson & Talwalkar, AISTATS 2016; Li et al., MLSys 2020, Algorithm 1).

#include <cstdint>
#include <memory>

#include "scheduler/descriptor.hpp"

namespace stemma {

struct ShaSettings {
    std::uint64_t members = 0;    ///< n of a bracket, >= 1; has no default
    Resource min = 1;             ///< r
    Resource max = 1;             ///< R
    std::int64_t eta = 3;         ///< >= 2
    int early_stopping_rate = 0;  ///< s
    /// Workers without work in the open brackets (whose rungs are being waited for) begin another bracket, until the
    /// budget ends the search. The oldest bracket is served first. The paper's study of stragglers does the same
    /// (appendix). Off, as for jobs: one bracket, workers wait, and the search ends with it.
    bool repeat_brackets = false;
};

/// The top rung is R, those below it floor(R / eta^k) >= min. Rung k has floor(members / eta^k) slots, at least one
/// (scheduler/halving.hpp says how they are filled). A failed member does not delay its rung: the rung ends when none
/// of its members is in training. Non-finite members never go up.
///
/// Extended to a larger R: brackets that are open or over get rungs of eta times their top and so on, and R itself. So
/// the best member of each goes on. Later brackets begin from the new R. O(log n) amortized for each event, 8 bytes for
/// each member. Throws UserError.
std::unique_ptr<Scheduler> make_sha(const ShaSettings& settings, std::size_t objectives = 1);

/// floor(n / eta^k) in rung k, at least one.
std::vector<RungRow> expected_rungs(const ShaSettings& settings, std::uint64_t members);

SchedulerDescriptor sha_descriptor();

}  // namespace stemma
