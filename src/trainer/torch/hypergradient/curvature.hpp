#pragma once
// A training loss with its gradient and Hessian-vector products, at the weights where the loss was taken.

#include <torch/torch.h>

#include <vector>

#include "trainer/torch/hypergradient/output_loss.hpp"

namespace stemma {

class Curvature {
public:
    virtual ~Curvature() = default;
    virtual torch::Tensor loss() const = 0;  ///< [], no graph
    /// By each parameter (undefined = zero).
    virtual const std::vector<torch::Tensor>& gradients() const = 0;
    /// Derivative of <gradients, vectors> by each parameter (undefined = zero). The parameters must have the values
    /// that they had when the loss was taken.
    virtual std::vector<torch::Tensor> times(const std::vector<torch::Tensor>& vectors) const = 0;
};

/// Any model, by differentiating twice. Keeps both graphs: about twice the activations of a batch. A product costs
/// about two to three gradients.
class AutogradCurvature : public Curvature {
public:
    /// `clip`: largest global norm of the gradient, 0 = none; clipping is then part of what is differentiated.
    AutogradCurvature(std::vector<torch::Tensor> parameters, const torch::Tensor& loss, double clip);
    torch::Tensor loss() const override { return loss_; }
    const std::vector<torch::Tensor>& gradients() const override { return gradients_; }
    std::vector<torch::Tensor> times(const std::vector<torch::Tensor>& vectors) const override;

private:
    std::vector<torch::Tensor> parameters_, gradients_;
    torch::Tensor loss_;
};

/// ReLU networks of linear layers by hand (Pearlmutter's R operator, Neural Computation 6, 1994; the second derivative
/// of ReLU is zero). No graph is kept, and a product costs about as much as a gradient.
class ReluMlpCurvature : public Curvature {
public:
    /// `parameters`: weight [out, in] and bias [out] of each layer in turn, with a ReLU between layers. `x` [n, in].
    /// `y` [n]: int64 classes (mean cross-entropy of the last layer as logits), otherwise numbers (mean squared error
    /// of one output).
    ReluMlpCurvature(std::vector<torch::Tensor> parameters, torch::Tensor x, const torch::Tensor& y);
    torch::Tensor loss() const override { return loss_.value(); }
    const std::vector<torch::Tensor>& gradients() const override { return gradients_; }
    std::vector<torch::Tensor> times(const std::vector<torch::Tensor>& vectors) const override;

private:
    std::size_t layers() const { return parameters_.size() / 2; }
    const torch::Tensor& weight(std::size_t layer) const { return parameters_[2 * layer]; }

    std::vector<torch::Tensor> parameters_, gradients_;
    std::vector<torch::Tensor> inputs_;  ///< of each layer
    std::vector<torch::Tensor> active_;  ///< 0 or 1: derivative of the ReLU behind each layer but the last
    std::vector<torch::Tensor> errors_;  ///< dL / d outputs of each layer
    OutputLoss loss_;
};

}  // namespace stemma
