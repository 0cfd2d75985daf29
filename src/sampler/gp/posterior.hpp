#pragma once
// Exact Gaussian-process regression with mean zero (Rasmussen and Williams, 2006, algorithm 2.1).

#include <Eigen/Cholesky>
#include <optional>

#include "sampler/gp/kernel.hpp"

namespace stemma::gp {

struct Likelihood {
    double value = 0;  ///< log p(y | inputs, hyperparameters), with its constant
    Vector gradient;   ///< by the log hyperparameters (eq. 5.9)
};

struct Prediction {
    Vector mean;
    Vector variance;  ///< of the function, without noise; not below 0
};

/// At one point, with gradients by its continuous coordinates.
struct PointPrediction {
    double mean = 0;
    double variance = 0;
    Vector mean_gradient;
    Vector variance_gradient;
};

/// The model given data. Building: O(n^3 / 3).
class Posterior {
public:
    /// Nothing if the covariance is not positive definite even with 1e-4 of the signal variance on its diagonal, or if
    /// any number is not finite. First nothing is added to the diagonal, then 1e-10, 1e-8, 1e-6 and 1e-4 are tried.
    static std::optional<Posterior> make(Kernel kernel, Inputs inputs, Vector targets);

    /// O(n^2) for each row.
    Prediction predict(const Inputs& points) const;
    /// Only the means: O(n) for each row.
    Vector mean(const Inputs& points) const;
    /// `point` is one row. O(n^2).
    PointPrediction predict_one(const Inputs& point) const;
    /// O(n^3).
    Likelihood likelihood() const;

    const Kernel& kernel() const { return kernel_; }
    const Inputs& inputs() const { return raw_; }
    const Vector& targets() const { return targets_; }
    double jitter() const { return jitter_; }

private:
    Posterior(Kernel kernel, Inputs inputs, Vector targets);
    bool factorize();

    Kernel kernel_;
    Inputs raw_, data_;  ///< as given, and prepared by the kernel
    Vector targets_;
    Matrix covariance_;  ///< without noise
    Eigen::LLT<Matrix> factor_;
    Vector weights_;  ///< (K + noise)^-1 y
    double jitter_ = 0;
};

/// Rows of `first`, then those of `second`.
Inputs stacked(const Inputs& first, const Inputs& second);

}  // namespace stemma::gp
