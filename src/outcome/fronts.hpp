#pragma once
// Nondominated sorting: front 0 is dominated by no member, front k only by members of the fronts before it.

#include <cstdint>
#include <span>
#include <vector>

#include "outcome/outcome.hpp"

namespace stemma {

/// The number of each one's front. Equal values share a front. All are finite and have the same count. One objective:
/// a front for each distinct value.
///
/// O(n log n) for one and two objectives, O(n log^2 n) for three. In lexicographic order no point is dominated by one
/// that comes later. A front that dominates a point has the fronts before it do so too, hence the binary search over
/// fronts (ENS-BS: Zhang et al., IEEE TEVC 2015). Of a front the objectives behind the first are enough: its least
/// second one with two objectives, its staircase with three. ENS compares with each member of a front instead: O(n^2).
std::vector<std::uint32_t> front_numbers(std::span<const Objectives> points);

/// Indices of the points that no other one dominates, ascending by (z1, z2, z3, index). Same conditions and cost.
std::vector<std::uint32_t> front_of(std::span<const Objectives> points);

/// Of a front, the point whose worst objective is best: least max over the objectives, each scaled to [0, 1] over the
/// front. Ties by the sum, then by the lower index. Not empty (InternalError). O(n).
std::size_t knee_of(std::span<const Objectives> front);

}  // namespace stemma
