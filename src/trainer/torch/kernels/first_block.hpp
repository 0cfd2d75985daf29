#pragma once
// The first block of a convolutional network on single-channel images as one operation: relu(max_pool2d(conv2d(x,
// weight, bias), 2)). Composed of LibTorch's operations, it takes most of a LeNet's time on a CPU. Here each image
// stays in the cache. The backward pass touches only the maxima, a quarter of the convolution's outputs.

#include <torch/torch.h>

#include <utility>

namespace stemma {

/// Whether the block applies: float32 [n, 1, 28, 28] on a CPU, weight [maps, 1, 5, 5].
bool has_first_block(const torch::Tensor& x, const torch::Tensor& weight);

/// Differentiable in weight and bias, any number of times. Results have the same bits with any number of threads. They
/// are rounded differently from the composed operations.
torch::Tensor first_block(const torch::Tensor& x, const torch::Tensor& weight, const torch::Tensor& bias);

/// The block's values and their places, uint8 [n, maps, 12, 12] (first_block_kernels.hpp). No graph, here and below.
/// `x`, `weight` and `bias` are contiguous.
std::pair<torch::Tensor, torch::Tensor> first_block_pass(const torch::Tensor& x, const torch::Tensor& weight,
                                                         const torch::Tensor& bias);
/// From the gradient by the values to that by weight and bias.
std::pair<torch::Tensor, torch::Tensor> first_block_pull(const torch::Tensor& gradients, const torch::Tensor& x,
                                                         const torch::Tensor& places);
/// The convolution with other weights at these places alone, the adjoint of first_block_pull().
torch::Tensor first_block_push(const torch::Tensor& weight, const torch::Tensor& bias, const torch::Tensor& x,
                               const torch::Tensor& places);

}  // namespace stemma
