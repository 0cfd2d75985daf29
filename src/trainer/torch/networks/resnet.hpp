#pragma once
// ResNet-18 (He et al., arXiv 1512.03385) as torchvision has it.

#include "trainer/torch/networks/network.hpp"

namespace stemma {

/// 7x7 convolution with stride 2, batch norm, ReLU, 3x3 max-pool with stride 2; four stages of two basic blocks with
/// width, 2, 4 and 8 times width maps; mean over the image, linear layer. Parameters and buffers have torchvision's
/// names. With width = 64 they have its shapes. Convolutions start as draw_kaiming(), batch norms with 1 and 0.
/// `twice`: the convolutions also have fast second derivatives on a CPU (convolution.hpp).
std::shared_ptr<Network> make_resnet18(const Data& data, const Hyperparameters& hyperparameters, bool twice,
                                       at::Generator& generator);

/// Number of weights, approximately.
double resnet18_weights(double width);

}  // namespace stemma
