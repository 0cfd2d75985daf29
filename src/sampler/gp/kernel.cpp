#include "sampler/gp/kernel.hpp"

#include <cmath>

#include "core/error.hpp"
#include "sampler/gp/warp.hpp"

namespace stemma::gp {
namespace {

using Eigen::Index;

const double sqrt5 = std::sqrt(5.0);

}  // namespace

Kernel::Kernel(Shape shape, Vector log_parameters) : shape_(shape) {
    ensure(log_parameters.size() == shape.parameters(), "one number for each hyperparameter of the kernel");
    const Vector values = log_parameters.array().exp();
    signal_ = values[Shape::signal];
    noise_ = values[Shape::noise];
    rate_ = shape.decay ? values[shape.rate()] : 0;
    lengths_ = values.segment(Shape::lengths, shape.continuous);
    weights_ = values.segment(shape.weights(), shape.categorical);
    warp_a_ = values.segment(shape.warp_a(), shape.warped);
    warp_b_ = values.segment(shape.warp_b(), shape.warped);
}

Inputs Kernel::prepare(const Inputs& inputs) const {
    Inputs result = inputs;
    for (Index d = 0; d < shape_.continuous; ++d) {
        if (d < shape_.warped) {
            for (auto& value : result.x.col(d)) value = kumaraswamy(value, warp_a_[d], warp_b_[d]).value;
        }
        result.x.col(d) /= lengths_[d];
    }
    return result;
}

Matrix Kernel::squared_distances(const Inputs& left, const Inputs& right) const {
    // Coordinate by coordinate: the shorter |p|^2 + |q|^2 - 2 pq loses half the digits of close points.
    Matrix squared = Matrix::Zero(left.size(), right.size());
    for (Index d = 0; d < shape_.continuous; ++d) {
        for (Index j = 0; j < right.size(); ++j)
            squared.col(j).array() += (left.x.col(d).array() - right.x(j, d)).square();
    }
    return squared;
}

Matrix Kernel::cross(const Inputs& left, const Inputs& right) const {
    const Matrix squared = squared_distances(left, right);
    const Matrix root = squared.array().sqrt() * sqrt5;
    Matrix exponent = root;
    for (Index c = 0; c < shape_.categorical; ++c) {
        for (Index j = 0; j < right.size(); ++j) {
            const auto differs = left.levels.col(c).array() != right.levels(j, c);
            exponent.col(j).array() += weights_[c] * differs.cast<double>();
        }
    }
    if (shape_.decay) {
        for (Index j = 0; j < right.size(); ++j)
            exponent.col(j).array() += rate_ * (left.time.array() - right.time[j]).abs();
    }
    return signal_ * (1 + root.array() + (5.0 / 3) * squared.array()) * (-exponent.array()).exp();
}

Matrix Kernel::slopes(const Matrix& squared, const Matrix& covariance) {
    // d/d(r^2) of (1 + u + u^2/3) e^-u with u = sqrt5 r is -5/6 (1 + u) e^-u. The other factors are those of k.
    const auto root = squared.array().sqrt() * sqrt5;
    return covariance.array() * (-5.0 / 6) * (1 + root) / (1 + root + (5.0 / 3) * squared.array());
}

Matrix Kernel::input_gradient(const Inputs& raw, const Inputs& point, const Inputs& data) const {
    const Vector slope = slopes(squared_distances(data, point), cross(data, point));
    Matrix gradient(data.size(), shape_.continuous);
    for (Index d = 0; d < shape_.continuous; ++d) {
        const double inner = d < shape_.warped ? kumaraswamy(raw.x(0, d), warp_a_[d], warp_b_[d]).d_x : 1;
        gradient.col(d) = slope.array() * (point.x(0, d) - data.x.col(d).array()) * (2 * inner / lengths_[d]);
    }
    return gradient;
}

Vector Kernel::parameter_gradient(const Inputs& raw, const Inputs& data, const Matrix& covariance,
                                  const Matrix& by_entry) const {
    Vector gradient(shape_.parameters());
    const Matrix weighted = by_entry.cwiseProduct(covariance);
    gradient[Shape::signal] = weighted.sum();
    gradient[Shape::noise] = noise_ * by_entry.trace();

    const Matrix by_square = by_entry.cwiseProduct(slopes(squared_distances(data, data), covariance));
    for (Index d = 0; d < shape_.continuous; ++d) {
        // Derivative by each prepared coordinate: 4 sum_j by_square_ij (z_i - z_j), without cancellation.
        Vector by_coordinate(data.size());
        for (Index i = 0; i < data.size(); ++i)
            by_coordinate[i] = 4 * (by_square.col(i).array() * (data.x(i, d) - data.x.col(d).array())).sum();
        // Lengths divide every coordinate alike, so their derivative is that of a common scale.
        gradient[Shape::lengths + d] = -by_coordinate.dot(data.x.col(d));
        if (d >= shape_.warped) continue;
        double by_a = 0, by_b = 0;
        for (Index i = 0; i < data.size(); ++i) {
            const auto warp = kumaraswamy(raw.x(i, d), warp_a_[d], warp_b_[d]);
            by_a += by_coordinate[i] * warp.d_log_a;
            by_b += by_coordinate[i] * warp.d_log_b;
        }
        gradient[shape_.warp_a() + d] = by_a / lengths_[d];
        gradient[shape_.warp_b() + d] = by_b / lengths_[d];
    }
    for (Index c = 0; c < shape_.categorical; ++c) {
        double sum = 0;
        for (Index j = 0; j < data.size(); ++j)
            sum += (data.levels.col(c).array() != data.levels(j, c)).cast<double>().matrix().dot(weighted.col(j));
        gradient[shape_.weights() + c] = -weights_[c] * sum;
    }
    if (shape_.decay) {
        double sum = 0;
        for (Index j = 0; j < data.size(); ++j)
            sum += (data.time.array() - data.time[j]).abs().matrix().dot(weighted.col(j));
        gradient[shape_.rate()] = -rate_ * sum;
    }
    return gradient;
}

}  // namespace stemma::gp
