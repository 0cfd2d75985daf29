#pragma once
// The first block of a convolutional network on single-channel images as one operation: relu(max_pool2d(conv2d(x,
// weight, bias), 2)). On a CPU it takes most of a LeNet's time when composed; here each image stays in the cache, and
// the backward pass touches only the maxima: a quarter of the convolution's outputs.

#include <torch/torch.h>

namespace stemma {

/// The block fits: float32 [n, 1, 28, 28] on a CPU, weight [maps, 1, 5, 5].
bool has_first_block(const torch::Tensor& x, const torch::Tensor& weight);

/// Differentiable in weight and bias, any number of times. The same bits with any number of threads; other rounding
/// than the composed operations.
torch::Tensor first_block(const torch::Tensor& x, const torch::Tensor& weight, const torch::Tensor& bias);

}  // namespace stemma
