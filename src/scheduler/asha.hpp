#pragma once
// Asynchronous successive halving: Li et al., "A System for Massively Parallel Hyperparameter Tuning", MLSys 2020
// (arXiv 1810.05934), Algorithm 2; its stopping variant; and asynchronous Hyperband (several brackets, section 3.3).

#include <cstdint>
#include <memory>

#include "scheduler/scheduler.hpp"

namespace stemma {

enum class AshaVariant : std::uint8_t {
    promotion,  ///< pause at a rung; promoted when in its top 1/eta (the paper's)
    stopping,   ///< at a rung go on at once if in its top 1/eta so far, else end
};

struct AshaSettings {
    Resource min = 1;               ///< r >= 1: the first rung of bracket 0 is min * eta^early_stopping_rate
    Resource max = 1;               ///< R >= min * eta^early_stopping_rate; the top rung, also when it is no power
    std::int64_t eta = 3;           ///< >= 2: a rung's top 1/eta goes on
    int early_stopping_rate = 0;    ///< s >= 0, of bracket 0
    int brackets = 1;               ///< > 1: asynchronous Hyperband; bracket b starts at min * eta^(s + b); cut to those that fit
    AshaVariant variant = AshaVariant::promotion;
    std::uint64_t min_rung_population = 0;  ///< stopping only: below it everyone with a finite metric goes on
    std::uint64_t seed = 0;         ///< keys the draw of a bracket
};

/// O(log n) an event; about 60 bytes a member (tests/bench/scheduler). Throws UserError on settings out of range.
///
/// A new member goes to a bracket drawn by budget share: Hyperband gives each bracket about the same training, and a
/// member of bracket b costs about min * eta^(s + b) * (number of its rungs), so it is drawn with the inverse of that. The
/// draw is keyed by (seed, number of members asked for before).
std::unique_ptr<Scheduler> make_asha(const AshaSettings& settings);

}  // namespace stemma
