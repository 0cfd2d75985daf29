#include "trainer/torch/hypergradient/recorded_update.hpp"

#include <utility>

namespace stemma {
namespace {

/// Scales to the norm if it is longer; differentiable. The 1e-6 is that of PyTorch's clip_grad_norm_.
std::vector<torch::Tensor> clipped(const std::vector<torch::Tensor>& gradients, double norm) {
    torch::Tensor squares;
    for (const auto& gradient : gradients) {
        if (!gradient.defined()) continue;
        const auto square = gradient.square().sum();
        squares = squares.defined() ? squares + square : square;
    }
    const auto factor = torch::clamp_max(norm / (torch::sqrt(squares) + 1e-6), 1.0);
    std::vector<torch::Tensor> out;
    for (const auto& gradient : gradients) out.push_back(gradient.defined() ? gradient * factor : gradient);
    return out;
}

std::vector<torch::Tensor> gradients_of(const FlatParameters& parameters, const torch::Tensor& loss, double clip,
                                        bool graph) {
    auto gradients = torch::autograd::grad({loss}, parameters.parameters(), {}, graph, graph, /*allow_unused=*/true);
    return clip > 0 ? clipped(gradients, clip) : gradients;
}

void add(PerHyper<torch::Tensor>& sum, const PerHyper<torch::Tensor>& more, double factor) {
    for (std::size_t hyper = 0; hyper < hyper_count; ++hyper) {
        if (!more[hyper].defined()) continue;
        const auto share = more[hyper] * factor;
        sum[hyper] = sum[hyper].defined() ? sum[hyper] + share : share;
    }
}

}  // namespace

torch::Tensor plain_gradient(const FlatParameters& parameters, const torch::Tensor& loss, double clip) {
    return parameters.joined(gradients_of(parameters, loss, clip, false));
}

RecordedUpdate::RecordedUpdate(FlatParameters& parameters, const torch::Tensor& loss, double clip,
                               const UpdateRule& rule, Moments& moments, const UsedValues& used)
    : parameters_(parameters), gradients_(gradients_of(parameters, loss, clip, true)), before_(parameters.flat()) {
    const torch::NoGradGuard no_grad;
    gradient_ = parameters.joined(gradients_);
    auto [result, linearised] = rule.linearise(gradient_, before_, moments, used);
    after_ = before_ - result.update;
    moments = std::move(result.moments);
    linearised_ = std::move(linearised);
}

torch::Tensor RecordedUpdate::times_hessian(const torch::Tensor& x) const {
    const auto views = parameters_.split(x);
    std::vector<torch::Tensor> outputs, vectors;
    for (std::size_t i = 0; i < gradients_.size(); ++i) {
        if (!gradients_[i].defined() || !gradients_[i].requires_grad()) continue;  // constant: no second derivative
        outputs.push_back(gradients_[i]);
        vectors.push_back(views[i]);
    }
    if (outputs.empty()) return torch::zeros_like(x);
    return parameters_.joined(
        torch::autograd::grad(outputs, parameters_.parameters(), vectors, true, false, /*allow_unused=*/true));
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
        const auto pulled = last.linearised().pull({v, {}, {}, {}}, false, false);
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
    add(out, last.linearised().pull({series.sum, {}, {}, {}}, true, false).used, -1);
    return out;
}

PerHyper<torch::Tensor> unrolled_hypergradient(FlatParameters& parameters, const std::vector<RecordedUpdate>& updates,
                                               const torch::Tensor& v) {
    PerHyper<torch::Tensor> out;
    auto weights = v;
    Cotangents cotangents;
    for (auto update = updates.rbegin(); update != updates.rend(); ++update) {
        cotangents.update = -weights;  // w' = w - u
        const auto pulled = update->linearised().pull(cotangents, true, true);
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
