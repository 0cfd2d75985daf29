#pragma once
// Population-based training: Jaderberg et al., "Population Based Training of Neural Networks", 2017 (arXiv 1711.09846).

#include <cstdint>
#include <memory>
#include <vector>

#include "scheduler/descriptor.hpp"

namespace stemma {

/// Who gives up for whom (section 4.1.1 of the paper).
enum class PbtSelection : std::uint8_t {
    truncation,         ///< in the bottom `bottom` of the ranking: a donor drawn from its top `top`
    binary_tournament,  ///< against one other drawn from the ranking: the better one goes on
    t_test,             ///< likewise, if the other is better by Welch's t-test on the last reports of both lineages
};

struct PbtSettings {
    std::uint32_t population = 20;  ///< n >= 1: slots, each with one living member at a time
    Resource interval = 1;          ///< >= 1: training between two reports ("ready" in the paper)
    Resource max = 1;               ///< >= interval: a lineage that gets there is finished
    Resource burn_in = 0;           ///< nobody with less training behind it gives up (non-finite members do)
    PbtSelection selection = PbtSelection::truncation;
    double bottom = 0.2;                ///< in (0, 0.5], truncation: share of the ranking that gives up
    double top = 0.2;                   ///< in (0, 0.5]: share of the ranking that donors are drawn from
    std::uint32_t t_test_reports = 10;  ///< >= 2: last reports of a lineage that are compared
    double t_test_level = 0.05;         ///< in (0, 1), one-sided
    /// Multi-frequency PBT: one sub-population for each, of about the same size, whose members report every interval *
    /// period. {1} = one population.
    std::vector<std::uint32_t> periods = {1};
    double migration = 0.25;  ///< in [0, 1]: chance that a donor is looked for in another sub-population
    /// Backtracking: reports in a row without a new best of the lineage after which it goes back to that best; 0 =
    /// never.
    std::uint32_t backtrack_after = 0;
    std::uint32_t backtracks = 3;  ///< times that a lineage goes back to the same ancestor; then it goes on
    std::uint64_t seed = 0;
};

/// More reports than this, as a multiple of what there are if everyone trains straight to max, are never made for the
/// sake of a better lineage that is not as far trained; and so many, if members die.
inline constexpr double pbt_reports_max = 1.4;
inline constexpr double pbt_reports_max_with_deaths = 2;

/// Number of the sub-population that this slot is in.
std::uint32_t pbt_group(const PbtSettings& settings, std::size_t slot);
/// Ray Tune's defaults: truncation, 25 % and 25 % (its explore, with resampling at 0.25, is the sampler's business).
PbtSettings pbt_ray();

/// Asynchronous: nobody ever waits for another member. At its report a member is ranked among the latest reports of the
/// living, unfinished slots, whatever their resources (as the paper and Ray do); a slot counts from the first report of
/// its member, and with the last report of a member that gave up until the child that takes its place reports.
/// ceil(share * ranked) slots are the bottom (top), at most half of them, at least one donor. A member gives up only
/// where another one that lives is better by its last report, and whose snapshot can be had: so the best never does.
/// Its slot asks for a child of such a donor, drawn when a worker is free for it, from the ranking as it is then. Until
/// then its snapshot is kept: if nobody better is left, it goes on after all. Members go on, and children are born, in
/// the order in which their slots reported: with more slots than workers this is a queue. In it a member whose weights
/// need not move is preferred to older ones, unless it has trained further than the oldest (which is passed over 64
/// times at most): lineages stay abreast, and weights where they are.
///
/// A child of a donor that has trained less makes further reports. In all there are at most pbt_reports_max times as
/// many as if each slot trained straight to max (a member that would need more goes on), and
/// pbt_reports_max_with_deaths times where members die (their slots are closed). Extended begins to count anew.
///
/// A non-finite member is dead and no donor; so is a member given up by the manager. Its slot is left to a child of a
/// donor, be it of one that was about to give up. Without any, it waits for the first report of a child that trains;
/// without that, it starts from scratch, unless somebody has finished already. A slot whose members died `deaths_max`
/// (10) times without a finite report between is closed. After NoMoreMembers nobody gives up any more and everyone
/// trains on. A member that reaches `max` is finished and no donor; Extended to a larger max, it goes on.
///
/// Generation of a member: exploits in its lineage. Sub-populations rank among themselves. A donor from another one
/// must be better than the loser; if it is of a faster one, only its weights migrate: the child keeps the loser's
/// hyperparameters, which were found over a longer horizon, unless the loser is dead (this rule after Doulazmi et al.,
/// "Multi-frequency population based training", 2025; the details are ours).
///
/// Backtracking (ours; published PBT has none): a report that is the best of its lineage so far freezes its member,
/// whose snapshot is kept, and a child with the same hyperparameters goes on in its place (cause continuation; no
/// weights move). After `backtrack_after` reports in a row that do not beat it, the lineage goes back: its member is
/// released, and a child of the frozen one is born with new hyperparameters, as in an exploit (cause backtrack). A
/// child of a donor inherits the donor's best ancestor. There is one frozen snapshot a slot at most.
///
/// Draws are keyed by (seed, Purpose::exploit, the losing member). O(log n) an event, beside moving 16 n bytes at most
/// (ranking.hpp), O(n) after a death without a donor; 4 bytes a member. Throws UserError on settings out of range.
std::unique_ptr<Scheduler> make_pbt(const PbtSettings& settings);

/// Throws UserError if make_pbt() would.
void require_good(const PbtSettings& settings);

/// One row: the population, trained to the end. How many children are born on the way is not known beforehand.
std::vector<RungRow> expected_rungs(const PbtSettings& settings, std::uint64_t members);
/// Of the whole population, each slot's every interval, times its period. Slots that take over weights with more or
/// less training behind them than their own make it a few more or less.
std::uint64_t expected_reports(const PbtSettings& settings);
/// Which no run has more of, unless it is extended.
std::uint64_t most_reports(const PbtSettings& settings);

SchedulerDescriptor pbt_descriptor();

}  // namespace stemma
