#pragma once
// A language model: word embedding, LSTM layers, linear decoder (section 7.3 of arXiv 2110.10461). `layers` LSTM
// layers, an embedding of `width`, dropout between the layers, and a decoder that shares no weights. Initial weights
// are PyTorch's defaults: embedding normal (0, 1), LSTM uniform within 1 / sqrt(width), decoder draw_uniform(). Input
// int64 [steps, streams], logits [steps * streams, classes]. The state of forward_from() is float32 [2, layers,
// streams, width]: outputs and cells. With `fused` kernels LibTorch's own LSTM is used (cuDNN's on a GPU, oneDNN's on
// some CPUs), which cannot be differentiated twice everywhere.

#include <tuple>

#include "trainer/torch/networks/network.hpp"

namespace stemma {

/// One layer as at::lstm computes it (gates: input, forget, cell, output), of operations that can be differentiated any
/// number of times. `x` [steps, streams, inputs], `h` and `c` [streams, width], weights [4 width, inputs], [4 width,
/// width], biases [4 width]. Gives all outputs [steps, streams, width], and the last output and cell.
std::tuple<torch::Tensor, torch::Tensor, torch::Tensor> composed_lstm(const torch::Tensor& x, torch::Tensor h,
                                                                      torch::Tensor c,
                                                                      const std::vector<torch::Tensor>& weights);

}  // namespace stemma
