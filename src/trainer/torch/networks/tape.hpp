#pragma once
// A pass through a network that is written down operation by operation, with derivatives by hand: Pearlmutter's R
// operator, Neural Computation 6, 1994.

#include <torch/torch.h>

#include <memory>
#include <utility>
#include <vector>

#include "trainer/torch/hypergradient/curvature.hpp"
#include "trainer/torch/networks/operation.hpp"

namespace stemma {

/// Each function makes one operation, at the present values of the parameters that it is given, and returns its output.
/// Networks describe themselves once for this class and for Graph (graph.hpp), which has the same functions.
/// The functions have the values of LibTorch's functions of these names. Memory: what automatic differentiation keeps,
/// the gradient by each output, and during a product its direction.
class Tape {
public:
    /// An output, by its number.
    using Node = std::size_t;

    /// `parameters`: of the network, in the order of the gradients.
    explicit Tape(std::vector<torch::Tensor> parameters);

    Node input(torch::Tensor x);
    const torch::Tensor& value(Node node) const { return entries_[node].value; }

    Node linear(Node x, const torch::nn::Linear& layer);
    /// `bias` may be undefined.
    Node convolution(Node x, const torch::Tensor& weight, const torch::Tensor& bias, std::int64_t stride,
                     std::int64_t padding);
    /// See kernels/first_block.hpp. Only of an input().
    Node first_block(Node x, const torch::Tensor& weight, const torch::Tensor& bias);
    /// In training mode: moves the layer's running statistics.
    template <class Norm>  // BatchNorm1d, BatchNorm2d
    Node batch_norm(Node x, const Norm& layer) {
        layer->num_batches_tracked.add_(1);
        return batch_norm(x, layer->weight, layer->bias, layer->running_mean, layer->running_var,
                          layer->options.momentum().value(), layer->options.eps());
    }
    Node relu(Node x);
    Node max_pool(Node x, std::int64_t kernel, std::int64_t stride, std::int64_t padding);
    Node mean_of_images(Node x);  ///< [n, maps, h, w] to [n, maps]
    Node flatten(Node x);         ///< [n, ...] to [n, numbers]
    Node channels_last(Node x);
    Node sum(Node x, Node y);
    /// Times a constant `mask` (undefined: 1).
    Node masked(Node x, const torch::Tensor& mask);

    /// The loss of the last operation's output (see OutputLoss), with gradient and products. Ends the tape.
    std::unique_ptr<Curvature> loss(const torch::Tensor& y) &&;

    /// How an output came about.
    struct Entry {
        std::unique_ptr<Operation> operation;  ///< none: an input
        std::vector<Node> inputs;
        bool moves = false;   ///< depends on a parameter
        torch::Tensor value;  ///< until loss()
    };

private:
    Node batch_norm(Node x, const torch::Tensor& weight, const torch::Tensor& bias, torch::Tensor running_mean,
                    torch::Tensor running_variance, double momentum, double eps);
    Node add(std::unique_ptr<Operation> operation, std::vector<Node> inputs, bool parameters, torch::Tensor value);
    ParameterPlace place(const torch::Tensor& parameter) const;

    std::vector<torch::Tensor> parameters_;
    std::vector<Entry> entries_;
};

}  // namespace stemma
