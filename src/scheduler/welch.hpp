#pragma once
#include <span>

namespace stemma {

/// One-sided p-value of Welch's t-test (B. L. Welch, "The generalization of 'Student's' problem when several different
/// population variances are involved", Biometrika 34, 1947) for "the mean of `a` is below that of `b`": small = yes.
/// Degrees of freedom by Welch and Satterthwaite. 1 if either has fewer than two values, or one that is not finite;
/// without any variance 0 or 1 by the means. Values of any finite magnitude: the result is the same for all in another
/// unit.
double welch_p_value(std::span<const double> a, std::span<const double> b);

}  // namespace stemma
