#pragma once
// Population-based training: Jaderberg et al., "Population Based Training of Neural Networks", 2017 (arXiv 1711.09846).

#include <cstdint>
#include <memory>
#include <vector>

#include "scheduler/descriptor.hpp"

namespace stemma {

/// How a member that gives up, and its donor, are chosen (section 4.1.1 of the paper).
enum class PbtSelection : std::uint8_t {
    truncation,  ///< a member in the bottom `bottom` of the ranking gives up; its donor is drawn from the top `top`
    binary_tournament,  ///< against another member drawn from the ranking: the better one goes on
    t_test,             ///< the same, if the other is better by Welch's t-test on the last reports of both lineages
};

/// Which members of a sub-population take over from another one (more than one sub-population only).
enum class PbtMigrants : std::uint8_t {
    losers,  ///< those that give up, with the chance `migration` (ours)
    /// Those of the lower half that are not among the losers, if the best of all others is better; the losers stay
    /// among themselves. With bottom = top = 0.25 the rule of Doulazmi et al., "Multi-frequency population based
    /// training", 2025 (arXiv 2506.03225): its third quarter.
    lower_half,
};

struct PbtSettings {
    std::uint32_t population = 20;  ///< n >= 1: slots, each with one living member at a time
    Resource interval = 1;          ///< >= 1: training between two reports ("ready" in the paper)
    Resource max = 1;               ///< >= interval: a lineage that reaches it is finished
    Resource burn_in = 0;           ///< no member with less training gives up (non-finite members do)
    PbtSelection selection = PbtSelection::truncation;
    double bottom = 0.2;                ///< in (0, 0.5], truncation: share of the ranking that gives up
    double top = 0.2;                   ///< in (0, 0.5]: share of the ranking that donors are drawn from
    std::uint32_t t_test_reports = 10;  ///< >= 2: last reports of a lineage that are compared
    double t_test_level = 0.05;         ///< in (0, 1), one-sided
    /// Multi-frequency PBT: one sub-population for each period, of about the same size. Its members report every
    /// interval * period. {1} = one population.
    std::vector<std::uint32_t> periods = {1};
    PbtMigrants migrants = PbtMigrants::losers;
    double migration = 0.25;  ///< in [0, 1]: chance that a loser's donor is drawn from another sub-population
    /// Backtracking: after so many reports in a row without a new best, the lineage goes back to its best; 0 = never.
    std::uint32_t backtrack_after = 0;
    std::uint32_t backtracks = 3;  ///< how often a lineage goes back to the same ancestor; then it goes on
    std::uint64_t seed = 0;
};

/// Upper bounds on reports, as multiples of the number of reports if every slot trains straight to max. The first
/// bounds reports made for the sake of a better but less trained lineage. The second holds if members die.
inline constexpr double pbt_reports_max = 1.4;
inline constexpr double pbt_reports_max_with_deaths = 2;

/// Index of the sub-population of this slot.
std::uint32_t pbt_group(const PbtSettings& settings, std::size_t slot);
/// Ray Tune's defaults: truncation, 25 % and 25 %. (Its explore, with resampling at 0.25, is the sampler's part.)
PbtSettings pbt_ray();
/// The defaults of MF-PBT (arXiv 2506.03225): sub-populations in quarters. (Its explore, with the factors 0.8 and 1.25,
/// is the sampler's part.)
PbtSettings pbt_multi_frequency();

/// Asynchronous: no member ever waits for another. At its report a member is ranked among the latest reports of the
/// living, unfinished slots, whatever their resources (as the paper and Ray do). A slot counts from the first report of
/// its member. After its member gave up, the slot counts with that member's last report until the replacing child
/// reports. ceil(share * ranked) slots are the bottom (top), at most half of them, at least one donor.
///
/// A member gives up only for a living member that is better by its last report and whose snapshot is available. So the
/// best member never gives up. The slot asks for a child of such a donor. The donor is drawn when a worker is free for
/// the child, from the ranking at that time. Until then the old member's snapshot is kept: if no better member is left,
/// it goes on after all. Members go on, and children are born, in the order in which their slots reported. With more
/// slots than workers this is a queue. In it a member whose weights need not move is preferred to older entries, unless
/// it has trained further than the oldest. The oldest is passed over 64 times at most. So lineages stay abreast, and
/// weights where they are.
///
/// A child of a donor that has trained less makes further reports. There are at most pbt_reports_max times as many
/// reports as if each slot trained straight to max; a member that would need more goes on. If members die, the bound is
/// pbt_reports_max_with_deaths, and their slots are closed. Extended begins to count anew.
///
/// A non-finite member is dead and no donor; so is a member given up by the manager. Its slot gets a child of a donor,
/// or of a member that was about to give up. Without either, it waits for the first report of a child that trains.
/// Without that, it starts from scratch, unless a member has finished already. A slot whose members died `deaths_max`
/// (10) times without a finite report between is closed. After NoMoreMembers no member gives up any more and all train
/// on. A member that reaches `max` is finished and no donor. Extended to a larger max, it goes on.
///
/// Generation of a member: exploits in its lineage. Sub-populations rank among themselves. A donor from another
/// sub-population must be better than the member that gives up. If that sub-population is faster, only the donor's
/// weights migrate: hyperparameters found over a longer horizon stay. PbtMigrants::losers: the child keeps the loser's
/// hyperparameters, unless the loser is dead. PbtMigrants::lower_half, truncation only: the child has those of the best
/// of its own sub-population. From a slower one it has the donor's, unchanged. Each donor is taken once until its next
/// report. The paper's sub-populations evolve all at once; here each member decides at its own report.
///
/// Backtracking (ours; published PBT has none): a report that is the best of its lineage so far freezes its member,
/// whose snapshot is kept. A child with the same hyperparameters replaces it (cause continuation; no weights move).
/// After `backtrack_after` reports in a row that do not beat it, the lineage goes back: its member is released, and a
/// child of the frozen one is born with new hyperparameters, as in an exploit (cause backtrack). A child of a donor
/// inherits the donor's best ancestor. There is at most one frozen snapshot for each slot.
///
/// Draws are keyed by (seed, Purpose::exploit, the losing member). O(log n) for each event, beside moving 16 n bytes at
/// most (ranking.hpp); O(n) after a death without a donor; 4 bytes for each member. Throws UserError on settings out of
/// range.
std::unique_ptr<Scheduler> make_pbt(const PbtSettings& settings);

/// Throws UserError if make_pbt() would.
void require_good(const PbtSettings& settings);

/// One row: the population, trained to the end. The number of children born on the way is not known beforehand.
std::vector<RungRow> expected_rungs(const PbtSettings& settings, std::uint64_t members);
/// Reports of the whole population: one for each slot at every interval times its period. Slots that take over weights
/// with more or less training than their own change the number a little.
std::uint64_t expected_reports(const PbtSettings& settings);
/// The largest number of reports of a run that is not extended.
std::uint64_t most_reports(const PbtSettings& settings);

SchedulerDescriptor pbt_descriptor();

}  // namespace stemma
