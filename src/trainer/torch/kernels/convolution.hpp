#pragma once
// Convolution for networks that are differentiated twice.

#include <torch/torch.h>

#include <array>
#include <utility>

namespace stemma {

/// Like torch::conv2d() of x [n, in, h, w] and weight [out, in, k, k], with the same first derivatives. The second
/// derivatives are made of the same three kernels (output, gradient of the input, of the weight). LibTorch's own second
/// derivatives are convolutions with kernels as large as the image, and take several times as long on a CPU. No third
/// derivative.
torch::Tensor convolution_twice(const torch::Tensor& x, const torch::Tensor& weight, std::int64_t stride,
                                std::int64_t padding);

/// Derivatives of <gradient, convolution of x with weight> by x and by weight, where `wanted`; without a graph. `x`
/// gives the shape of the first and the values of the second derivative, `weight` the other way round.
std::pair<torch::Tensor, torch::Tensor> convolution_pull(const torch::Tensor& gradient, const torch::Tensor& x,
                                                         const torch::Tensor& weight, std::int64_t stride,
                                                         std::int64_t padding, std::array<bool, 2> wanted);

}  // namespace stemma
