#include "sampler/gp/posterior.hpp"

#include <cmath>
#include <numbers>

#include "core/error.hpp"

namespace stemma::gp {

Inputs stacked(const Inputs& first, const Inputs& second) {
    Inputs result{Matrix(first.size() + second.size(), first.x.cols()),
                  Levels(first.size() + second.size(), first.levels.cols()),
                  Vector(first.time.size() + second.time.size())};
    result.x.topRows(first.size()) = first.x;
    result.x.bottomRows(second.size()) = second.x;
    result.levels.topRows(first.size()) = first.levels;
    result.levels.bottomRows(second.size()) = second.levels;
    result.time.head(first.time.size()) = first.time;
    result.time.tail(second.time.size()) = second.time;
    return result;
}

Posterior::Posterior(Kernel kernel, Inputs inputs, Vector targets)
    : kernel_(std::move(kernel)),
      raw_(std::move(inputs)),
      data_(kernel_.prepare(raw_)),
      targets_(std::move(targets)),
      covariance_(kernel_.cross(data_, data_)) {
    ensure(raw_.size() == targets_.size(), "one target for each point");
}

std::optional<Posterior> Posterior::make(Kernel kernel, Inputs inputs, Vector targets) {
    Posterior posterior(std::move(kernel), std::move(inputs), std::move(targets));
    if (!posterior.factorize()) return std::nullopt;
    return posterior;
}

bool Posterior::factorize() {
    if (!covariance_.allFinite() || !targets_.allFinite() || !std::isfinite(kernel_.noise())) return false;
    for (const double jitter : {0.0, 1e-10, 1e-8, 1e-6, 1e-4}) {
        jitter_ = jitter * kernel_.signal();
        Matrix noisy = covariance_;
        noisy.diagonal().array() += kernel_.noise() + jitter_;
        factor_.compute(noisy);
        if (factor_.info() != Eigen::Success) continue;
        weights_ = factor_.solve(targets_);
        if (weights_.allFinite()) return true;
    }
    return false;
}

Vector Posterior::mean(const Inputs& points) const { return kernel_.cross(kernel_.prepare(points), data_) * weights_; }

Prediction Posterior::predict(const Inputs& points) const {
    Matrix cross = kernel_.cross(data_, kernel_.prepare(points));
    Prediction result{cross.transpose() * weights_, {}};
    factor_.matrixL().solveInPlace(cross);
    result.variance = (kernel_.signal() - cross.colwise().squaredNorm().array()).max(0.0).matrix().transpose();
    return result;
}

PointPrediction Posterior::predict_one(const Inputs& point) const {
    const auto prepared = kernel_.prepare(point);
    const Vector cross = kernel_.cross(data_, prepared);
    const Vector solved = factor_.solve(cross);
    const Matrix gradient = kernel_.input_gradient(point, prepared, data_);
    return {.mean = cross.dot(weights_),
            .variance = std::max(0.0, kernel_.signal() - cross.dot(solved)),
            .mean_gradient = gradient.transpose() * weights_,
            .variance_gradient = -2 * (gradient.transpose() * solved)};
}

Likelihood Posterior::likelihood() const {
    const auto count = raw_.size();
    const double half_log_determinant = factor_.matrixLLT().diagonal().array().log().sum();
    // 1/2 (w w' - K^-1): derivative of the logarithm by the entries of K.
    Matrix by_entry = -0.5 * factor_.solve(Matrix::Identity(count, count));
    by_entry.noalias() += 0.5 * weights_ * weights_.transpose();
    return {-0.5 * targets_.dot(weights_) - half_log_determinant -
                0.5 * static_cast<double>(count) * std::log(2 * std::numbers::pi),
            kernel_.parameter_gradient(raw_, data_, covariance_, by_entry)};
}

}  // namespace stemma::gp
