#pragma once
#include <span>

#include "outcome/outcome.hpp"

namespace stemma {

/// Volume of what the points dominate below the reference (same count). Points that are not below it in every objective
/// contribute nothing, nor do points that are not finite. Exact up to the rounding of sums of products that are not
/// negative. O(n log n).
double hypervolume(std::span<const Objectives> points, const Objectives& reference);

/// The reference where none is given: in each objective the worst of the front and a tenth of its range more; 1 more
/// where all are equal. Volumes by it compare inside one front only. At least one point, all finite.
Objectives reference_of(std::span<const Objectives> front);

}  // namespace stemma
