#pragma once
#include <span>

namespace stemma {

/// One-sided p-value of Welch's t-test for "the mean of `a` is below that of `b`": small = yes. (B. L. Welch, "The
/// generalization of 'Student's' problem when several different population variances are involved", Biometrika 34,
/// 1947.) Degrees of freedom by Welch and Satterthwaite. 1 if either has fewer than two values, or a value that is not
/// finite. Without any variance 0 or 1 by the means. Values of any finite magnitude: the result does not depend on the
/// unit.
double welch_p_value(std::span<const double> a, std::span<const double> b);

}  // namespace stemma
