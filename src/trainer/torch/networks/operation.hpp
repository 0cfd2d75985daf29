#pragma once
// The operations that a tape consists of, each with its derivatives by hand. Undefined tensors are zero everywhere.

#include <torch/torch.h>

#include <functional>
#include <memory>
#include <vector>

namespace stemma {

/// Tensors by parameter: gradients, or the directions of a Hessian product.
using ByParameter = std::vector<torch::Tensor>;

/// One operation at the values of one pass. pull() comes first and once, then any number of pairs of push() and
/// pull_along(). Nothing here makes a graph.
class Operation {
public:
    Operation() = default;
    Operation(const Operation&) = delete;
    Operation& operator=(const Operation&) = delete;
    virtual ~Operation() = default;
    /// From the loss's gradient by the output to that by each input; writes those by own parameters.
    virtual std::vector<torch::Tensor> pull(const torch::Tensor& gradient, ByParameter& gradients) = 0;
    /// The output's derivative along directions of the inputs and of the parameters.
    virtual torch::Tensor push(const std::vector<torch::Tensor>& inputs, const ByParameter& directions) = 0;
    /// The derivative of pull() along the last push(). `change`: that of pull()'s gradient.
    virtual std::vector<torch::Tensor> pull_along(const torch::Tensor& change, const ByParameter& directions,
                                                  ByParameter& products) = 0;
};

/// A parameter by its place in a ByParameter, at its value in the pass.
struct ParameterPlace {
    torch::Tensor value;  ///< no graph; undefined: the operation has no such parameter
    std::size_t index = 0;
    torch::Tensor in(const ByParameter& all) const { return value.defined() ? all[index] : torch::Tensor(); }
};

/// A linear function of one input, without parameters, and its adjoint.
std::unique_ptr<Operation> make_linear_map(std::function<torch::Tensor(const torch::Tensor&)> function,
                                           std::function<torch::Tensor(const torch::Tensor&)> adjoint);

/// The sum of two inputs.
std::unique_ptr<Operation> make_sum();

/// x W' + b: `x` [n, in], weight [out, in], bias [out]. A product costs two gradients; where the input depends on no
/// parameter (`moves` is false), one.
std::unique_ptr<Operation> make_dense(torch::Tensor x, bool moves, ParameterPlace weight, ParameterPlace bias);

/// Convolution, as at::conv2d(). Cost as make_dense().
std::unique_ptr<Operation> make_convolution(torch::Tensor x, bool moves, ParameterPlace weight, ParameterPlace bias,
                                            std::int64_t stride, std::int64_t padding);

/// relu(max_pool2d(convolution, 2)) as in kernels/first_block.hpp, of images `x` that depend on no parameter. `places`
/// are those of the pass. A product costs one gradient.
std::unique_ptr<Operation> make_first_block(torch::Tensor x, torch::Tensor places, ParameterPlace weight,
                                            ParameterPlace bias);

/// Batch normalization by the batch's own statistics, `mean` and `inverse` [maps] (1 / standard deviation), of `x`
/// [n, maps, ...].
std::unique_ptr<Operation> make_batch_norm(torch::Tensor x, torch::Tensor mean, torch::Tensor inverse,
                                           ParameterPlace weight, ParameterPlace bias);

}  // namespace stemma
