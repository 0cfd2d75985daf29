#pragma once
#include <functional>

#include "sampler/gp/kernel.hpp"

namespace stemma::gp {

/// Value of a function at a point. Stores the gradient in the second argument. +infinity where there is no value.
using Differentiable = std::function<double(const Vector& point, Vector& gradient)>;

struct Minimum {
    Vector point;
    double value = 0;  ///< +infinity if the function was finite nowhere
    int evaluations = 0;
};

/// The lowest point that L-BFGS with bounds sees from `start` within `evaluations` calls (NLopt's LD_LBFGS, after
/// Nocedal, Math. Comp. 35, 1980). Deterministic. Never worse than the start, which is clipped to the bounds.
Minimum minimize(const Differentiable& function, const Vector& start, const Vector& lower, const Vector& upper,
                 int evaluations);

}  // namespace stemma::gp
