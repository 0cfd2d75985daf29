#pragma once
// First weights from a member's own generator: LibTorch's layers draw theirs from the global one.

#include <torch/torch.h>

namespace stemma {

/// Both uniform within 1 / sqrt(inputs of an output), PyTorch's default for linear and convolutional layers.
void draw_uniform(torch::Tensor weight, torch::Tensor bias, at::Generator& generator);

/// Normal with variance 2 / (outputs times kernel), Kaiming He's for ReLU by "fan out", as torchvision's ResNets start.
void draw_kaiming(torch::Tensor weight, at::Generator& generator);

}  // namespace stemma
