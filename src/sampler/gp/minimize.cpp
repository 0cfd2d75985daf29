#include "sampler/gp/minimize.hpp"

#include <nlopt.h>

#include <cmath>
#include <exception>
#include <limits>
#include <memory>

#include "core/error.hpp"

namespace stemma::gp {
namespace {

struct Minimization {
    const Differentiable& function;
    nlopt_opt optimizer;
    Minimum best;
    int evaluations_left;
    std::exception_ptr error;
};

/// NLopt is C: no exception may pass through it.
double evaluate(unsigned size, const double* values, double* gradient, void* data) {
    auto& search = *static_cast<Minimization*>(data);
    constexpr double nowhere = std::numeric_limits<double>::infinity();
    if (search.error || search.evaluations_left-- <= 0) {
        // Line searches of LD_LBFGS may go on past maxeval.
        nlopt_force_stop(search.optimizer);
        return nowhere;
    }
    try {
        const Vector point = Eigen::Map<const Vector>(values, size);
        Vector slope = Vector::Zero(size);
        double value = point.allFinite() ? search.function(point, slope) : nowhere;
        if (!std::isfinite(value) || !slope.allFinite()) {
            value = nowhere;
            slope.setZero();
        }
        if (gradient != nullptr) Eigen::Map<Vector>(gradient, size) = slope;
        ++search.best.evaluations;
        if (value < search.best.value) {
            search.best.value = value;
            search.best.point = point;
        }
        return value;
    } catch (...) {
        search.error = std::current_exception();
        nlopt_force_stop(search.optimizer);
        return nowhere;
    }
}

}  // namespace

Minimum minimize(const Differentiable& function, const Vector& start, const Vector& lower, const Vector& upper,
                 int evaluations) {
    const Vector first = start.cwiseMax(lower).cwiseMin(upper);
    const auto size = static_cast<unsigned>(first.size());
    const std::unique_ptr<nlopt_opt_s, decltype(&nlopt_destroy)> optimizer(nlopt_create(NLOPT_LD_LBFGS, size),
                                                                           &nlopt_destroy);
    ensure(optimizer != nullptr, "NLopt has LD_LBFGS");
    Minimization search{
        function, optimizer.get(), {first, std::numeric_limits<double>::infinity(), 0}, evaluations, nullptr};
    nlopt_set_min_objective(optimizer.get(), evaluate, &search);
    nlopt_set_lower_bounds(optimizer.get(), lower.data());
    nlopt_set_upper_bounds(optimizer.get(), upper.data());
    nlopt_set_maxeval(optimizer.get(), evaluations);
    nlopt_set_ftol_abs(optimizer.get(), 1e-4);
    nlopt_set_vector_storage(optimizer.get(), 10);
    Vector point = first;
    double value = 0;
    // Whatever the return code, the lowest point seen is the answer: a failed line search has one too.
    nlopt_optimize(optimizer.get(), point.data(), &value);
    if (search.error) std::rethrow_exception(search.error);
    return search.best;
}

}  // namespace stemma::gp
