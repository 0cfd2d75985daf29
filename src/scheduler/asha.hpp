#pragma once
// Asynchronous successive halving: Li et al., "A System for Massively Parallel Hyperparameter Tuning", MLSys 2020
// (arXiv 1810.05934), Algorithm 2; its stopping variant; and asynchronous Hyperband (several brackets, section 3.3).

#include <cstdint>
#include <memory>
#include <vector>

#include "scheduler/descriptor.hpp"

namespace stemma {

enum class AshaVariant : std::uint8_t {
    promotion,  ///< pause at a rung; promoted when in its top 1/eta (the paper's)
    stopping,   ///< at a rung go on at once if in its top 1/eta so far, else end
};

struct AshaSettings {
    Resource min = 1;             ///< r >= 1: the first rung of bracket 0 is min * eta^early_stopping_rate
    Resource max = 1;             ///< R >= min * eta^early_stopping_rate; always the top rung
    std::int64_t eta = 3;         ///< >= 2: a rung's top 1/eta goes on
    int early_stopping_rate = 0;  ///< s >= 0, of bracket 0
    /// > 1: asynchronous Hyperband; bracket b starts at min * eta^(s + b); cut to those that fit. 0: as many as fit.
    int brackets = 1;
    AshaVariant variant = AshaVariant::promotion;
    std::uint64_t min_rung_population = 0;  ///< stopping only: a smaller rung passes on every finite member
    std::uint64_t seed = 0;                 ///< keys the draw of a bracket
    std::size_t objectives = 1;             ///< 1, 2 or 3; more than 1: promotion only
};

/// Promotion: in the highest rung with a candidate, the best member of its top floor(finished / eta) not yet promoted;
/// else a new member.
///
/// Several objectives (promotion): members compare by the order over outcomes (outcome/order.hpp), and from a rung at
/// most floor(finished / eta) are promoted ever (outcome_rung.hpp).
///
/// Stopping: a member goes on if its rank in its rung, itself included, is <= max(1, floor(finished / eta)). It also
/// goes on while fewer than min_rung_population finished there. A member as good as the worst of that top goes on too,
/// while fewer members than the top's size have gone on. Otherwise older, stopped members would win each tie, and no
/// member would go on where metrics are equal. Members that go on are handed out before new ones.
///
/// A non-finite report counts in its rung as worst and never goes on. A member given up while it trains does not count
/// in the rung that it trained for. A member given up while it waits (stopped by the user) is never promoted, and still
/// counts where it has finished. Otherwise ties go to the older member.
///
/// A new member goes to a bracket drawn by budget share, because Hyperband gives each bracket about the same training.
/// A member of bracket b costs about min * eta^(s + b) * (number of its rungs), so its bracket is drawn with the
/// inverse of that. The first rung depends on the bracket, so the draw comes before the member has an id. It is keyed
/// by (seed, number of members granted before).
///
/// Extended to a larger R: new rungs on top (rungs.hpp). The old top rung stays a rung, so that its best 1/eta may go
/// on (stopping: those in its top at that moment do).
///
/// O(log n) for each event; memory as tests/bench/scheduler measures it. Throws UserError on settings out of range.
std::unique_ptr<Scheduler> make_asha(const AshaSettings& settings);

/// One bracket as planned: the resources of its rungs and its share of new members (shares sum to 1).
struct BracketPlan {
    std::vector<Resource> resources;
    double share = 1;
};

std::vector<BracketPlan> bracket_plans(const AshaSettings& settings);

/// floor(n / eta^k) in rung k. For the stopping variant it is what the promotion variant does: stopping lets more
/// through, most of them early.
std::vector<RungRow> expected_rungs(const AshaSettings& settings, std::uint64_t members);

SchedulerDescriptor asha_descriptor();
SchedulerDescriptor asha_stopping_descriptor();
SchedulerDescriptor asha_hyperband_descriptor();

}  // namespace stemma
