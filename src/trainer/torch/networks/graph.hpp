#pragma once
// The operations that networks are described with, as LibTorch differentiates them automatically.

#include <torch/torch.h>

#include "trainer/torch/kernels/convolution.hpp"
#include "trainer/torch/kernels/first_block.hpp"

namespace stemma {

/// Has the functions of Tape (tape.hpp). A network that is a template in this class describes itself once
/// for both.
class Graph {
public:
    using Node = torch::Tensor;

    /// `twice`: convolutions that are differentiated twice (kernels/convolution.hpp).
    explicit Graph(bool twice) : twice_(twice) {}

    Node input(const torch::Tensor& x) { return x; }
    const torch::Tensor& value(const Node& node) const { return node; }

    Node linear(const Node& x, torch::nn::Linear layer) { return layer->forward(x); }
    Node convolution(const Node& x, const torch::Tensor& weight, const torch::Tensor& bias, std::int64_t stride,
                     std::int64_t padding) {
        if (!twice_) return torch::conv2d(x, weight, bias, stride, padding);
        const auto out = convolution_twice(x, weight, stride, padding);
        return bias.defined() ? out + bias.view({1, -1, 1, 1}) : out;
    }
    Node first_block(const Node& x, const torch::Tensor& weight, const torch::Tensor& bias) {
        return stemma::first_block(x, weight, bias);
    }
    template <class Norm>
    Node batch_norm(const Node& x, Norm layer) {
        return layer->forward(x);
    }
    Node relu(const Node& x) { return torch::relu(x); }
    Node max_pool(const Node& x, std::int64_t kernel, std::int64_t stride, std::int64_t padding) {
        return torch::max_pool2d(x, kernel, stride, padding);
    }
    Node mean_of_images(const Node& x) { return x.mean({2, 3}); }
    Node flatten(const Node& x) { return x.flatten(1); }
    Node channels_last(const Node& x) { return x.contiguous(at::MemoryFormat::ChannelsLast); }
    Node sum(const Node& x, const Node& y) { return x + y; }
    Node masked(const Node& x, const torch::Tensor& mask) { return mask.defined() ? x * mask : x; }

private:
    bool twice_;
};

}  // namespace stemma
