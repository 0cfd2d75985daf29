#include "sampler/gp/fit.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "sampler/gp/minimize.hpp"

namespace stemma::gp {
namespace {

struct Range {
    double median, deviation, lower, upper;
};

}  // namespace

Prior::Prior(const Shape& shape) {
    const auto size = shape.parameters();
    for (auto* part : {&mean, &deviation, &lower, &upper}) part->resize(size);
    const auto set = [this](Eigen::Index first, Eigen::Index count, Range range) {
        mean.segment(first, count).setConstant(std::log(range.median));
        deviation.segment(first, count).setConstant(range.deviation);
        lower.segment(first, count).setConstant(std::log(range.lower));
        upper.segment(first, count).setConstant(std::log(range.upper));
    };
    const double spread = std::sqrt(std::max(1.0, static_cast<double>(shape.continuous)));
    set(Shape::signal, 1, {1, 1, 0.05, 20});
    set(Shape::noise, 1, {1e-3, 2, 1e-6, 1});
    set(Shape::lengths, shape.continuous, {0.3 * spread, 1, 0.02, 50});
    set(shape.weights(), shape.categorical, {0.5, 1, 0.005, 10});
    set(shape.rate(), shape.decay ? 1 : 0, {0.05, 1, 1e-4, 2});
    set(shape.warp_a(), 2 * shape.warped, {1, 0.5, 0.2, 5});
}

double Prior::add(const Vector& log_parameters, Vector& gradient) const {
    const Vector scaled = (log_parameters - mean).cwiseQuotient(deviation);
    gradient -= scaled.cwiseQuotient(deviation);
    return -0.5 * scaled.squaredNorm();
}

std::vector<Vector> cold_starts(const Shape& shape) {
    const Prior prior(shape);
    std::vector<Vector> starts(3, prior.mean);
    starts[1].segment(Shape::lengths, shape.continuous).array() -= std::log(3.0);
    starts[1][Shape::noise] = std::log(1e-4);
    starts[2][Shape::noise] = std::log(0.3);
    return starts;
}

std::optional<Fit> fit(const Shape& shape, const Inputs& inputs, const Vector& targets,
                       const std::vector<Vector>& starts, int evaluations) {
    const Prior prior(shape);
    const auto cost = [&](const Vector& point, Vector& gradient) {
        const auto posterior = Posterior::make(Kernel(shape, point), inputs, targets);
        if (!posterior) return std::numeric_limits<double>::infinity();
        auto likelihood = posterior->likelihood();
        likelihood.value += prior.add(point, likelihood.gradient);
        gradient = -likelihood.gradient;
        return -likelihood.value;
    };
    std::optional<Fit> best;
    int used = 0;
    for (const auto& start : starts) {
        const auto minimum = minimize(cost, start, prior.lower, prior.upper, evaluations);
        used += minimum.evaluations;
        if (std::isfinite(minimum.value) && (!best || -minimum.value > best->value))
            best = Fit{minimum.point, -minimum.value, 0};
    }
    if (best) best->evaluations = used;
    return best;
}

}  // namespace stemma::gp
