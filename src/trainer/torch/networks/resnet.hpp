#pragma once
// ResNet-18 (He et al., arXiv 1512.03385) as torchvision has it.

#include "trainer/torch/networks/network.hpp"

namespace stemma {

/// 7x7 convolution with stride 2, batch norm, ReLU, 3x3 max-pool with stride 2; four stages of two basic blocks with
/// width, 2, 4 and 8 times width maps; mean over the image, linear layer. Parameters and buffers have torchvision's
/// names and, with width = 64, its shapes. Convolutions start as draw_kaiming(), batch norms with 1 and 0.
/// `twice`: convolutions whose second derivatives are fast on a CPU, too (convolution.hpp).
std::shared_ptr<Network> make_resnet18(const Data& data, const Hyperparameters& hyperparameters, bool twice,
                                       at::Generator& generator);

/// Weights that it has, about.
double resnet18_weights(double width);

}  // namespace stemma
