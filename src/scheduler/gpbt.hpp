#pragma once
// Genealogical population-based training: Scardigli, Fournier, Vilucchio, Naccache, "Genealogical Population-Based
// Training for Hyperparameter Optimization", 2021 (arXiv 2109.14925), and the authors' records of experiments.

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "scheduler/descriptor.hpp"

namespace stemma {

/// More are never bred: what is kept of each makes a table.
inline constexpr Resource gpbt_generations_max = 1'000'000;

struct GpbtSettings {
    std::uint32_t children = 16;  ///< n >= 1: trained in each generation
    double founders = 3;          ///< members of generation 0, as a multiple of n; as published 1
    /// c in [1/n, n]: (children a parent) / parents; parents P = floor(sqrt(n / c)). Nothing: 4, or n if that is less.
    std::optional<double> ratio = {};
    Resource interval = 1;         ///< T_g >= 1: training between two generations
    Resource max = 1;              ///< >= T_g: no lineage is trained beyond this
    bool parents_compete = false;  ///< candidates are children and parents, as published, else children only
    bool repeat_child = true;      ///< one child of each parent that was not kept repeats its hyperparameters
    /// Launch no more children of a generation once its best beats the best before by more than that improved on the
    /// generation before it.
    bool early_stopping = false;
    std::uint32_t early_stopping_from = 2;  ///< >= 2: first generation where that may happen
    bool sequential = false;                ///< the paper's: the children of one parent one after another
    double quorum = 1;                      ///< in (0, 1]: share of its children whose reports close a generation
    double deadline = 0;  ///< seconds from its first child's start after which a generation closes; 0 = none
    /// A generation that an idle worker waits for closes when each of its children has had this many times the mean
    /// time of those that have reported, and half of them have; 0 = all are waited for.
    double patience = 2;
};

/// The rules of the paper, arXiv 2109.14925.
GpbtSettings published_gpbt();

/// Generation 0: members from scratch, founders * n. Then in each generation P parents have round(n / P) children,
/// the best one the remainder; each child continues its parent's weights for T_g. At its end the P best candidates are
/// the next parents; ties go to who has trained more, then to the older member.
///
/// The paper's rule is `sequential` with quorum 1 and no deadline: parents in parallel, the children of one parent one
/// after another (in generation 0, where there is one oracle, all of them), so that each proposal knows the results
/// before it. Ours is that all children of a generation run at once, parents taking turns (before them one whose
/// weights the free worker has), and that it closes when
/// ceil(quorum * (children that have not failed)) have reported, or at its deadline or the end of patience once there
/// is a candidate; those not begun by then are not born, and those that still run are candidates of the generation
/// after, with weights one interval behind. One worker is never idle before a generation's end, so that patience
/// changes nothing there.
///
/// Early stopping: best(g) is the best objective among the candidates of generation g's selection, improvement(g) =
/// best(g - 1) - best(g) or 0 if it is worse. Generation g stops launching when a child's objective is below
/// best(g - 1) - improvement(g - 1); those running are waited for.
///
/// Members given up do not count. A generation without a single finite child is repeated from the same parents (10
/// times at most, then the search is over). A parent whose snapshot is lost, or that the user stops, leaves the rest of
/// its children to the best other parent; without any parent the generation closes as it is, and if there is no
/// candidate either, starts again from scratch as generation 0.
///
/// Extended to a larger resource: generations = max_resource / T_g, rounded up. rungs() has a row a generation:
/// promoted = its members that were chosen as parents. O(log n) an event, and O(n) once a generation; 40 bytes a
/// member. Throws UserError on settings out of range.
std::unique_ptr<Scheduler> make_gpbt(const GpbtSettings& settings);

/// Throws UserError if make_gpbt() would.
void require_good(const GpbtSettings& settings);

/// Members of generation 0.
std::uint32_t gpbt_founders(const GpbtSettings& settings);

/// t_max: max / T_g, rounded up.
std::uint32_t gpbt_generations(const GpbtSettings& settings);

/// What a member that starts at `from` is trained to.
Resource gpbt_trained_from(const GpbtSettings& settings, Resource from);

/// P = floor(sqrt(n / c)), at least 1.
std::uint32_t gpbt_parents(const GpbtSettings& settings);
/// Children of each of `parents` parents, best first: round(n / parents) and for the best the remainder, at least 1.
std::vector<std::uint32_t> gpbt_family_sizes(std::uint32_t children, std::uint32_t parents);

/// A row a generation: its children, and those that become parents. `members` is not used.
std::vector<RungRow> expected_rungs(const GpbtSettings& settings, std::uint64_t members);

SchedulerDescriptor gpbt_descriptor();

}  // namespace stemma
