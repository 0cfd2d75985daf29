#pragma once
// Progressive asynchronous successive halving: Bohdal, Balles, Wistuba, Ermis, Archambeau, Zappella, "PASHA: Efficient
// HPO and NAS with Progressive Resource Allocation", ICLR 2023 (arXiv 2207.06940).

#include <cstdint>
#include <memory>
#include <vector>

#include "scheduler/descriptor.hpp"

namespace stemma {

struct PashaSettings {
    Resource min = 1;      ///< r >= 1: the first rung
    Resource max = 1;      ///< R >= min: the last rung that may be unlocked
    std::int64_t eta = 3;  ///< >= 2: a rung's top 1/eta goes on
};

/// ASHA (promotion) whose highest rung is rung 1 at first; rungs are those of asha.hpp. A further rung is unlocked
/// when the order of the members that have finished the highest one is not the order that they had in the rung below,
/// up to epsilon (ranks_agree()). Nobody is promoted beyond the highest unlocked rung. So a search spends less where
/// the order is settled early, and `max` may be generous.
///
/// Epsilon is the noise of the curves: two members' curves that cross and cross back differ by no more than noise. For
/// each pair of members that have finished the highest rung, at the last unit that both curves have in (level of the
/// rung below, level of the highest rung]: where the order there was the other way round at an earlier unit, and the
/// same as there at a still earlier one, their difference there counts. Epsilon is the 90th percentile of these
/// differences (linear interpolation). It stays where there are none, starts at 0, and is 0 while fewer than two
/// members have finished the highest rung.
///
/// Curves are Reported::curve: where there are none (repeats of a configuration; units before an interruption) the
/// rungs' own objectives have to do, so that epsilon is smaller and rungs are unlocked earlier. Non-finite results have
/// no place in either order. Ties go to the older member.
///
/// Extended to a larger R, more rungs may be unlocked; the next report in the highest one decides. A report in the
/// highest rung takes O(n units + n^2), n being the members that have finished it; 16 bytes a unit that was trained.
/// Throws UserError on settings out of range.
std::unique_ptr<Scheduler> make_pasha(const PashaSettings& settings);

/// True if the i-th of `top` is, for each i, near the i-th of `below`: among its neighbours in `below`, counted
/// outwards from it up to the first whose objective differs from its own by more than `epsilon`. Both hold the same
/// members, best first. O(n^2).
struct RankedMember {
    MemberId member;
    double objective = 0;
};
bool ranks_agree(const std::vector<RankedMember>& below, const std::vector<RankedMember>& top, double epsilon);

/// The 90th percentile with linear interpolation; `differences` must not be empty.
double pasha_epsilon(std::vector<double> differences);

/// As if all rungs were unlocked: a search does not do more.
std::vector<RungRow> expected_rungs(const PashaSettings& settings, std::uint64_t members);

SchedulerDescriptor pasha_descriptor();

}  // namespace stemma
