#pragma once
// Genealogical population-based training: Scardigli, Fournier, Vilucchio, Naccache, "Genealogical Population-Based
// Training for Hyperparameter Optimization", 2021 (arXiv 2109.14925), and the authors' records of experiments.

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "scheduler/descriptor.hpp"

namespace stemma {

/// Upper bound on generations: a table holds state for each generation.
inline constexpr Resource gpbt_generations_max = 1'000'000;

/// GpbtSettings::interval for interval = "auto".
inline constexpr Resource interval_auto = 0;

struct GpbtSettings {
    std::uint32_t children = 16;  ///< n >= 1: trained in each generation
    double founders = 3;          ///< members of generation 0, as a multiple of n; as published 1
    /// c in [1/n, n]: (children a parent) / parents; parents P = floor(sqrt(n / c)). Nothing: 4, or n if that is less.
    std::optional<double> ratio = {};
    /// T_g >= 1: training between two generations. Or interval_auto: found out by searches side by side (arms.hpp).
    Resource interval = 1;
    Resource interval_min = 1;     ///< >= 1: the shortest interval that interval_auto tries
    Resource max = 1;              ///< >= T_g: no lineage is trained beyond this
    bool parents_compete = false;  ///< candidates are children and parents, as published, else children only
    bool repeat_child = true;      ///< one child of each new parent repeats its parent's hyperparameters
    /// Launch no more children of a generation once its best improves on the best before by more than the last
    /// generation's improvement.
    bool early_stopping = false;
    std::uint32_t early_stopping_from = 2;  ///< >= 2: first generation where early stopping may happen
    bool learned_parents = true;            ///< see below; not in the paper
    bool sequential = false;                ///< the paper's rule: the children of one parent one after another
    double quorum = 1;                      ///< in (0, 1]: share of its children whose reports close a generation
    double deadline = 0;  ///< seconds after its first child's start at which a generation closes; 0 = none
    /// Lets a generation close while a worker is idle. Condition: half of its children have reported, and each other
    /// child has had this many times their mean time. 0 = all children are waited for.
    double patience = 2;
};

/// The rules of the paper, arXiv 2109.14925.
GpbtSettings published_gpbt();

/// Generation 0: members from scratch, founders * n. In each later generation P parents have round(n / P) children, the
/// best parent the remainder. Each child continues its parent's weights for T_g. At its end the P best candidates are
/// the next parents. Ties go to the member that has trained more, then to the older member.
///
/// The paper's rule is `sequential` with quorum 1 and no deadline. Parents run in parallel, the children of one parent
/// one after another, so that each proposal knows the results before it. In generation 0, where there is one oracle,
/// all members run one after another. Our rule runs all children of a generation at once. Parents take turns, after a
/// parent whose weights the free worker has. The generation closes when ceil(quorum * (children that have not failed))
/// have reported. It also closes at its deadline or at the end of patience, once there is a candidate. Children not
/// begun by then are not born. Children that still run are candidates of the next generation, with weights one interval
/// behind. A single worker is never idle before a generation's end, so that patience changes nothing there.
///
/// Early stopping: best(g) is the best objective among the candidates of generation g's selection. improvement(g) is
/// best(g - 1) - best(g), or 0 if best(g) is worse. Generation g stops launching when a child's objective is below
/// best(g - 1) - improvement(g - 1). Running children are waited for.
///
/// Members given up do not count. A generation without a single finite child is repeated from the same parents, at most
/// 10 times; then the search is over. A parent whose snapshot is lost, or that the user stops, leaves the rest of its
/// children to the best other parent. Without any parent the generation closes as it is. If there is no candidate
/// either, it starts again from scratch as generation 0.
///
/// Learned parents: a member that is no better than a constant prediction has not learned (event::Report::learned).
/// Generation 0 goes on, n members at a time, until max(2, P) have learned, or gpbt_more_founders() have joined. Of its
/// candidates only those that have learned become parents, if any has. A child that has not learned is no candidate
/// where a parent has. A generation of such children is one without a finite child. After two of them generation 0
/// begins again with n members, while gpbt_more_founders() lasts: it counts those of all starts.
///
/// Extended to a larger resource: generations = max_resource / T_g, rounded up. rungs() has a row for each generation:
/// promoted = its members that were chosen as parents. O(log n) for each event, and O(n) for each generation; 40 bytes
/// for each member. Throws UserError on settings out of range.
std::unique_ptr<Scheduler> make_gpbt(const GpbtSettings& settings);

/// Throws UserError if make_gpbt() would.
void require_good(const GpbtSettings& settings);

/// Members of generation 0, with a number as interval.
std::uint32_t gpbt_founders(const GpbtSettings& settings);

/// The most that join them in a search where fewer than max(2, P) have learned (event::Report::learned): a third of the
/// children of all generations.
std::uint32_t gpbt_more_founders(const GpbtSettings& settings);

/// t_max: max / T_g, rounded up, with a number as interval.
std::uint32_t gpbt_generations(const GpbtSettings& settings);

/// P = floor(sqrt(n / c)), at least 1.
std::uint32_t gpbt_parents(const GpbtSettings& settings);
/// The same for n >= 1 children. A ratio above n counts as n.
std::uint32_t gpbt_parents(const GpbtSettings& settings, std::uint32_t n);
/// Children of each of `parents` parents, best first: round(n / parents), at least 1, and for the best the remainder.
std::vector<std::uint32_t> gpbt_family_sizes(std::uint32_t children, std::uint32_t parents);

/// A row for each generation: its children, and those that become parents. `members` is not used.
std::vector<RungRow> expected_rungs(const GpbtSettings& settings, std::uint64_t members);

SchedulerDescriptor gpbt_descriptor();

}  // namespace stemma
