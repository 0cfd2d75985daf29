#pragma once
// interval = "auto" of GPBT: which interval a task wants is found out during the search.

#include <memory>

#include "scheduler/gpbt.hpp"

namespace stemma {

/// A short interval lets a lineage take what pays at once and costs later. A long one cannot follow a schedule that
/// must move fast. Data shorter than the delay of the cost cannot tell which case it is. So several searches run side
/// by side
/// ("arms"), each with an interval of its own (arm_plan.hpp), on one budget, B = children * max units.
///
/// * Founders (founders.hpp) train to each arm's first boundary in turn. Each arm takes the best at its own boundary.
/// * Children: an arm's generation has as many as its share of what is left of B pays for (arm_budget.hpp). The finest
///   arm has half of it. Parents are floor(sqrt(n / c)) of n children; a single child repeats its parent's
///   hyperparameters. A generation closes when all of its children have reported or were given up: quorum, deadline,
///   patience, sequential, early_stopping and learned_parents have no meaning here. Other arms fill the wait.
/// * Order: a free worker takes the training that ends at the lowest resource; of equals, a founder's, then the coarser
///   arm's. Any order is correct.
/// * Referee (referee.hpp), at each close of a generation. The children of a stopped arm that still run are let go.
/// * The best report at max of all arms is the result. rungs() has an arm as a bracket.
///
/// If all arms are lost before any reached max, it starts again from scratch, at most 10 times, while B pays for it.
/// Extended to a larger max: the lengths of the generations stay, and B grows.
///
/// O(log n) for each event, plus O(arms^2) for each generation; 60 bytes for each member.
std::unique_ptr<Scheduler> make_gpbt_arms(const GpbtSettings& settings);

/// A row for each generation of each arm, as if no arm is stopped.
std::vector<RungRow> expected_arm_rungs(const GpbtSettings& settings);

}  // namespace stemma
