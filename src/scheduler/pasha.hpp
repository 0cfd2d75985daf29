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

/// ASHA (promotion) whose highest rung is rung 1 at first. Rungs are those of asha.hpp. A further rung is unlocked when
/// the members that have finished the highest rung have another order there than in the rung below. Epsilon is the
/// tolerance of this comparison (ranks_agree()). No member is promoted beyond the highest unlocked rung. A search thus
/// spends less where the order is settled early, and `max` may be generous.
///
/// Epsilon is the noise of the curves: two members' curves that cross and cross back differ by no more than noise. It
/// takes all pairs of members that have finished the highest rung. They are compared at their last common unit in
/// (level of the rung below, level of the highest rung]. Their difference there counts if the order was the opposite at
/// an earlier unit, and the same at a still earlier unit. Epsilon is the 90th percentile of these differences (linear
/// interpolation). Without such differences it keeps its value. It starts at 0, and is 0 while fewer than two members
/// have finished the highest rung.
///
/// Curves are Reported::curve. Where there are none (repeats of a configuration; units before an interruption) the
/// rungs' own objectives are used, so that epsilon is smaller and rungs are unlocked earlier. Non-finite results have
/// no place in either order. Ties go to the older member.
///
/// Extended to a larger R, more rungs may be unlocked. The next report in the highest rung decides. A report in the
/// highest rung takes O(n units + n^2), where n members have finished it. Memory: 16 bytes for each trained unit.
/// Throws UserError on settings out of range.
std::unique_ptr<Scheduler> make_pasha(const PashaSettings& settings);

/// True if the i-th of `top` is near the i-th of `below` for each i. Near members are neighbors in `below`. They are
/// counted outwards up to the first neighbor whose objective differs by more than `epsilon`. Both hold the same
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
