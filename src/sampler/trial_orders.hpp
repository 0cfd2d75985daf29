#pragma once
// Trials in ascending order of each coordinate, kept from one proposal to the next. Used inside sampler/ only.

#include <cstdint>
#include <span>
#include <vector>

#include "sampler/history.hpp"
#include "sampler/trial_place.hpp"

namespace stemma {

/// Sorting the trials takes the larger part of a TPE proposal's time, and from proposal to proposal few trials change.
/// The orders depend on the trials alone, never on what was given before.
class TrialOrders {
public:
    /// Takes the trials of the next proposal, in ascending order of member. For each coordinate O(n), and O(log n) more
    /// for each trial that the last ones did not have; O(n log n) where many changed.
    void update(std::span<const Trial> trials);
    /// The trials that have the coordinate (they are active in it), ascending; equal ones in order of member.
    std::span<const TrialPlace> ascending(std::size_t coordinate) const { return orders_[coordinate]; }

private:
    void sort_all(std::span<const Trial> trials);

    std::vector<MemberId> members_;  ///< of the trials
    std::vector<std::vector<TrialPlace>> orders_;
};

}  // namespace stemma
