#pragma once
#include <cstdint>
#include <vector>

#include "scheduler/asha.hpp"
#include "scheduler/gpbt.hpp"
#include "scheduler/hyperband.hpp"
#include "scheduler/pbt.hpp"
#include "scheduler/random_search.hpp"
#include "scheduler/replay.hpp"
#include "scheduler/sha.hpp"

namespace stemma {

/// The rungs as they come out for `members` members if all finish: floor(n / eta^k) in rung k of ASHA and SHA. For the
/// stopping variant it is what the promotion variant does: stopping lets more through, most of them early.
std::vector<RungRow> expected_rungs(const AshaSettings& settings, std::uint64_t members);
std::vector<RungRow> expected_rungs(const ShaSettings& settings, std::uint64_t members);
std::vector<RungRow> expected_rungs(const HyperbandSettings& settings, std::uint64_t members);
std::vector<RungRow> expected_rungs(const RandomSearchSettings& settings, std::uint64_t members);
/// One row: the population, trained to the end. How many children are born on the way is not known beforehand.
std::vector<RungRow> expected_rungs(const PbtSettings& settings, std::uint64_t members);
/// Of the whole population, each slot's every interval, times its period. Slots that take over weights with more or
/// less training behind them than their own make it a few more or less.
std::uint64_t expected_reports(const PbtSettings& settings);
/// Which no run has more of, unless it is extended.
std::uint64_t most_reports(const PbtSettings& settings);
/// A row a generation: its children, and those that become parents. `members` is not used.
std::vector<RungRow> expected_rungs(const GpbtSettings& settings, std::uint64_t members);

/// A row a stage; one member each.
std::vector<RungRow> expected_rungs(const ReplaySettings& settings, std::uint64_t members);

/// Training that such a table means: each rung's members times the resource that it adds to the rung below.
Resource expected_resource(const std::vector<RungRow>& rungs);

}  // namespace stemma
