#include "trainer/torch/hypergradient/recorded_update.hpp"

#include <utility>

namespace stemma {
namespace {

void add(PerHyper<torch::Tensor>& sum, const PerHyper<torch::Tensor>& more, double factor) {
    for (std::size_t hyper = 0; hyper < hyper_count; ++hyper) {
        if (!more[hyper].defined()) continue;
        const auto share = more[hyper] * factor;
        sum[hyper] = sum[hyper].defined() ? sum[hyper] + share : share;
    }
}

}  // namespace

/// The 1e-6 is that of PyTorch's clip_grad_norm_.
std::vector<torch::Tensor> clipped(std::vector<torch::Tensor> gradients, double clip) {
    if (clip <= 0) return gradients;
    torch::Tensor squares;
    for (const auto& gradient : gradients) {
        if (!gradient.defined()) continue;
        const auto square = gradient.square().sum();
        squares = squares.defined() ? squares + square : square;
    }
    if (!squares.defined()) return gradients;
    // The root's derivative is infinite at 0; such a gradient is not clipped at all.
    const auto norm = torch::sqrt(torch::clamp_min(squares, 1e-30));
    const auto factor = torch::clamp_max(clip / (norm + 1e-6), 1.0);
    for (auto& gradient : gradients) {
        if (gradient.defined()) gradient = gradient * factor;
    }
    return gradients;
}

torch::Tensor plain_gradient(const FlatParameters& parameters, const torch::Tensor& loss, double clip) {
    return parameters.joined(
        clipped(torch::autograd::grad({loss}, parameters.parameters(), {}, false, false, /*allow_unused=*/true), clip));
}

RecordedUpdate::RecordedUpdate(FlatParameters& parameters, std::unique_ptr<Curvature> curvature, const UpdateRule& rule,
                               Moments& moments, const UsedValues& used)
    : parameters_(parameters), curvature_(std::move(curvature)), before_(parameters.flat()) {
    const torch::NoGradGuard no_grad;
    auto [result, linearized] = rule.linearize(parameters.joined(curvature_->gradients()), before_, moments, used);
    after_ = before_ - result.update;
    moments = std::move(result.moments);
    linearized_ = std::move(linearized);
}

torch::Tensor RecordedUpdate::times_hessian(const torch::Tensor& x) const {
    return parameters_.joined(curvature_->times(parameters_.split(x)));
}

Series neumann_series(const RecordedUpdate& last, torch::Tensor v, const HypergradientSettings& settings) {
    const torch::NoGradGuard no_grad;
    Series series{v.clone(), {}};
    torch::Tensor length, growing;
    if (settings.truncate) {
        length = v.norm();
        growing = torch::zeros({}, v.options().dtype(torch::kBool));
    }
    for (std::int64_t term = 1; term < settings.terms; ++term) {
        const auto pulled = last.linearized().pull({v, {}, {}, {}}, false, false);
        auto step = last.times_hessian(pulled.gradient);
        if (pulled.weights.defined()) step += pulled.weights;
        v = v.sub(step, settings.damping);
        if (settings.truncate) {
            const auto next = v.norm();
            growing = growing.logical_or(next.le(length).logical_not());  // NaN counts as growing
            v = torch::where(growing, torch::zeros_like(v), v);
            length = next;
        }
        series.sum += v;
    }
    if (settings.damping != 1) series.sum *= settings.damping;
    if (settings.truncate) series.truncated = growing.to(v.scalar_type());
    return series;
}

PerHyper<torch::Tensor> implicit_hypergradient(FlatParameters& parameters, const RecordedUpdate& last,
                                               const torch::Tensor& v, const HypergradientSettings& settings,
                                               torch::Tensor& truncated) {
    parameters.point_to(last.before());
    const auto series = neumann_series(last, v, settings);
    truncated = series.truncated;
    PerHyper<torch::Tensor> out;
    add(out, last.linearized().pull({series.sum, {}, {}, {}}, true, false).used, -1);
    return out;
}

PerHyper<torch::Tensor> unrolled_hypergradient(FlatParameters& parameters, const std::vector<RecordedUpdate>& updates,
                                               const torch::Tensor& v) {
    PerHyper<torch::Tensor> out;
    auto weights = v;
    Cotangents cotangents;
    for (auto update = updates.rbegin(); update != updates.rend(); ++update) {
        cotangents.update = -weights;  // w' = w - u
        const auto pulled = update->linearized().pull(cotangents, true, true);
        add(out, pulled.used, 1);
        if (update + 1 == updates.rend()) break;
        parameters.point_to(update->before());
        weights = weights + update->times_hessian(pulled.gradient);
        if (pulled.weights.defined()) weights = weights + pulled.weights;
        cotangents = {{}, pulled.first, pulled.second, pulled.second_most};
    }
    return out;
}

}  // namespace stemma
