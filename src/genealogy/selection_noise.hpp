#pragma once
// Whether intervals between births are so short that selection sees noise.

#include <cstddef>
#include <optional>
#include <string>

#include "genealogy/genealogy.hpp"

namespace stemma {

/// From the families of parents with one child that repeats their hyperparameters and at least two other children of
/// the same interval. The repeated child changes by progress and by noise. Progress is nearly the same from one family
/// to the next, so differences of successive changes are noise: each has four times the variance of one report.
struct SelectionNoise {
    std::size_t families = 0;
    double deviation = 0;  ///< standard deviation of the noise of one report, in units of the metric
    double spread = 0;     ///< standard deviation that would explain how far the best child is from the median one
    /// The part of the differences between good siblings that noise explains, 0..1. 0 where they do not differ.
    double share() const;
};

/// Nothing with fewer than eight families. Medians over the families, so that a few bad ones do not count. O(n log n).
std::optional<SelectionNoise> selection_noise(const Genealogy& genealogy);

/// What a user should know and do, one paragraph; "" where noise explains less than half of the differences.
std::string selection_noise_text(const Genealogy& genealogy, const std::string& metric);

}  // namespace stemma
