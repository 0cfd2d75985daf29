#pragma once
// The loss of a network's outputs, with first and second derivatives by hand.

#include <torch/torch.h>

namespace stemma {

class OutputLoss {
public:
    OutputLoss() = default;
    /// `y` [n]: int64 classes (mean cross-entropy of `output` [n, classes] as logits), otherwise numbers (mean squared
    /// error of `output` [n, 1]).
    OutputLoss(const torch::Tensor& output, const torch::Tensor& y);

    const torch::Tensor& value() const { return value_; }        ///< []
    const torch::Tensor& gradient() const { return gradient_; }  ///< by the outputs
    /// Derivative of gradient() along a direction of the outputs.
    torch::Tensor gradient_along(const torch::Tensor& direction) const;

private:
    torch::Tensor value_, gradient_;
    torch::Tensor share_;  ///< cross-entropy: softmax
};

}  // namespace stemma
