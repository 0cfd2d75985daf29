#include "trainer/torch/hypergradient/curvature.hpp"

#include <utility>

#include "trainer/torch/hypergradient/recorded_update.hpp"

namespace stemma {

AutogradCurvature::AutogradCurvature(std::vector<torch::Tensor> parameters, const torch::Tensor& loss, double clip)
    : parameters_(std::move(parameters)),
      gradients_(clipped(torch::autograd::grad({loss}, parameters_, {}, true, true, /*allow_unused=*/true), clip)),
      loss_(loss.detach()) {}

std::vector<torch::Tensor> AutogradCurvature::times(const std::vector<torch::Tensor>& vectors) const {
    std::vector<torch::Tensor> outputs, factors;
    for (std::size_t i = 0; i < gradients_.size(); ++i) {
        if (!gradients_[i].defined() || !gradients_[i].requires_grad()) continue;  // constant: no second derivative
        outputs.push_back(gradients_[i]);
        factors.push_back(vectors[i]);
    }
    if (outputs.empty()) return std::vector<torch::Tensor>(parameters_.size());
    return torch::autograd::grad(outputs, parameters_, factors, true, false, /*allow_unused=*/true);
}

ReluMlpCurvature::ReluMlpCurvature(std::vector<torch::Tensor> parameters, torch::Tensor x, const torch::Tensor& y)
    : parameters_(std::move(parameters)), gradients_(parameters_.size()), errors_(layers()) {
    const torch::NoGradGuard no_grad;
    for (std::size_t layer = 0; layer < layers(); ++layer) {
        inputs_.push_back(x);
        x = torch::addmm(parameters_[2 * layer + 1], x, weight(layer).t());
        if (layer + 1 == layers()) break;
        x = x.relu_();
        active_.push_back((x > 0).to(x.scalar_type()));
    }
    loss_ = OutputLoss(x, y);
    errors_.back() = loss_.gradient();
    for (auto layer = layers(); layer-- > 0;) {
        gradients_[2 * layer] = errors_[layer].t().mm(inputs_[layer]);
        gradients_[2 * layer + 1] = errors_[layer].sum(0);
        if (layer > 0) errors_[layer - 1] = errors_[layer].mm(weight(layer)).mul_(active_[layer - 1]);
    }
}

std::vector<torch::Tensor> ReluMlpCurvature::times(const std::vector<torch::Tensor>& vectors) const {
    const torch::NoGradGuard no_grad;
    std::vector<torch::Tensor> moved(layers());  // derivative of inputs_ along the vectors; undefined = zero
    torch::Tensor along;
    for (std::size_t layer = 0; layer < layers(); ++layer) {
        along = torch::addmm(vectors[2 * layer + 1], inputs_[layer], vectors[2 * layer].t());
        if (layer > 0) along.addmm_(moved[layer], weight(layer).t());
        if (layer + 1 < layers()) moved[layer + 1] = along.mul_(active_[layer]);
    }
    auto error = loss_.gradient_along(along);
    std::vector<torch::Tensor> products(parameters_.size());
    for (auto layer = layers(); layer-- > 0;) {
        products[2 * layer] = error.t().mm(inputs_[layer]);
        if (layer > 0) products[2 * layer].addmm_(errors_[layer].t(), moved[layer]);
        products[2 * layer + 1] = error.sum(0);
        if (layer > 0)
            error = error.mm(weight(layer)).addmm_(errors_[layer], vectors[2 * layer]).mul_(active_[layer - 1]);
    }
    return products;
}

}  // namespace stemma
