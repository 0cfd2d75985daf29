#pragma once
// The covariance function, its hyperparameters, and the gradient of any scalar by them.

#include <Eigen/Core>

namespace stemma::gp {

using Matrix = Eigen::MatrixXd;
using Vector = Eigen::VectorXd;
using Levels = Eigen::MatrixXi;

/// Points, one for each row.
struct Inputs {
    Matrix x;       ///< continuous coordinates, in [0, 1]
    Levels levels;  ///< categorical coordinates; compared for equality only
    Vector time;    ///< in periods, for the decay factor; no entries if the kernel has none

    Eigen::Index size() const { return x.rows(); }
};

/// The parts of the covariance. Hyperparameters are a vector of LOGARITHMS, in this order: signal variance, noise
/// variance; a length for each continuous coordinate; a weight for each categorical coordinate; the decay rate (if
/// any); Kumaraswamy's a of each warped coordinate, then b of each.
struct Shape {
    Eigen::Index continuous = 0;
    Eigen::Index categorical = 0;
    Eigen::Index warped = 0;  ///< the first `warped` continuous coordinates are warped
    bool decay = false;

    static constexpr Eigen::Index signal = 0, noise = 1, lengths = 2;
    Eigen::Index weights() const { return lengths + continuous; }
    Eigen::Index rate() const { return weights() + categorical; }
    Eigen::Index warp_a() const { return rate() + (decay ? 1 : 0); }
    Eigen::Index warp_b() const { return warp_a() + warped; }
    Eigen::Index parameters() const { return warp_b() + warped; }
    friend bool operator==(const Shape&, const Shape&) = default;
};

/// k(p, q) = s * (1 + sqrt5 r + 5/3 r^2) exp(-sqrt5 r) * prod_c exp(-w_c [p_c != q_c]) * exp(-omega |t_p - t_q|)
///
/// with r^2 = sum_d ((p_d - q_d) / l_d)^2 over the (warped) continuous coordinates. Matern 5/2 with a length for each
/// coordinate (Rasmussen and Williams, eq. 4.17), and an overlap factor for categories. The decay is that of PB2
/// (Parker-Holder et al., NeurIPS 2020, section 4): (1 - eps)^(|t - t'| / 2), so omega = -log(1 - eps) / 2. Each factor
/// is positive definite, and so is the product.
class Kernel {
public:
    Kernel(Shape shape, Vector log_parameters);

    const Shape& shape() const { return shape_; }
    double signal() const { return signal_; }
    double noise() const { return noise_; }

    /// The points with the warp applied, and continuous coordinates divided by their lengths.
    Inputs prepare(const Inputs& inputs) const;
    /// k of each row of `left` with each of `right`, both prepared. Without noise.
    Matrix cross(const Inputs& left, const Inputs& right) const;
    /// Gradient of k(point, each row of `data`) by the point's own unprepared continuous coordinates: data.size() x
    /// continuous. `raw` and `point` are the same single row before and after prepare().
    Matrix input_gradient(const Inputs& raw, const Inputs& point, const Inputs& data) const;
    /// Gradient by the log hyperparameters of a scalar whose (symmetric) derivative by the entries of
    /// k(data, data) + noise * identity is `by_entry`. `covariance` is k(data, data). O(n^2 (continuous +
    /// categorical)).
    Vector parameter_gradient(const Inputs& raw, const Inputs& data, const Matrix& covariance,
                              const Matrix& by_entry) const;

private:
    Matrix squared_distances(const Inputs& left, const Inputs& right) const;
    /// dk / d(r^2), given k: no singularity at r = 0.
    static Matrix slopes(const Matrix& squared, const Matrix& covariance);

    Shape shape_;
    double signal_ = 1, noise_ = 1, rate_ = 0;
    Vector lengths_, weights_, warp_a_, warp_b_;
};

}  // namespace stemma::gp
