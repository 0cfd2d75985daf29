#pragma once
// One-dimensional warps of inputs and outputs, with their derivatives.

#include <span>
#include <vector>

namespace stemma::gp {

/// Kumaraswamy's distribution function w(x) = 1 - (1 - x^a)^b on the unit interval, with a, b > 0. The input warp of
/// HEBO (Cowen-Rivers et al., JAIR 74, 2022, section 4.2), in place of the Beta distribution of Snoek et al. (ICML
/// 2014). `x` is clipped to [1e-9, 1 - 1e-9], where all derivatives are finite. a = b = 1 is the identity.
struct Kumaraswamy {
    double value = 0;
    double d_x = 0;      ///< by x
    double d_log_a = 0;  ///< by log a
    double d_log_b = 0;  ///< by log b
};
Kumaraswamy kumaraswamy(double x, double a, double b);

/// Yeo and Johnson's power transform (Biometrika 87, 2000, eq. 2.1). Increasing in y for every lambda; the identity for
/// lambda = 1; log(1 + y) for y >= 0 and lambda = 0.
double yeo_johnson(double y, double lambda);
/// Derivative of the transform by y: (1 + |y|)^(sign(y) (lambda - 1)).
double yeo_johnson_slope(double y, double lambda);
/// Logarithm of the profile likelihood of lambda, up to a constant (same paper, section 3). The transformed values are
/// taken as normal with free mean and variance. -infinity when all values are equal.
double yeo_johnson_likelihood(std::span<const double> values, double lambda);
/// The lambda in [-2, 4] of largest likelihood, to about 1e-6 (Brent's method). 1 when all values are equal.
double fit_yeo_johnson(std::span<const double> values);

/// Objectives as the model sees them: mean 0, variance 1 (all 0 if all are equal), order kept. First they are centered
/// by the median and divided by the interquartile range (the range, if that is 0). Values further away than 1e6 of
/// these are clipped, so that an absurd value cannot flatten all others to one number. With `warp` follows Yeo-Johnson
/// with the lambda of largest likelihood. Then they are standardized. All values must be finite. O(n log n).
std::vector<double> standardize(std::span<const double> values, bool warp);

}  // namespace stemma::gp
