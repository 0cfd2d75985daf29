#pragma once
// Initial weights from a member's own generator. LibTorch's layers draw theirs from the global generator.

#include <torch/torch.h>

namespace stemma {

/// Weight and bias uniform within 1 / sqrt(inputs of an output), PyTorch's default for linear and convolutional layers.
void draw_uniform(torch::Tensor weight, torch::Tensor bias, at::Generator& generator);

/// Normal with variance 2 / (outputs times kernel), Kaiming He's for ReLU by "fan out", the start of torchvision's
/// ResNets.
void draw_kaiming(torch::Tensor weight, at::Generator& generator);

}  // namespace stemma
