#pragma once
// A model's parameters as one vector: an update is then a few operations, however many tensors the model has.

#include <torch/torch.h>

#include <vector>

namespace stemma {

/// The parameters become views of one vector [n], in the given order. Which vector can be changed at any time, so
/// that a graph recorded at older weights can be walked with those weights in place.
class FlatParameters {
public:
    /// Parameters of one type on one device, of which those that require no gradient (frozen) are left out. Their
    /// values are copied into the first vector. Throws UserError when none is left.
    explicit FlatParameters(std::vector<torch::Tensor> parameters);

    const torch::Tensor& flat() const { return flat_; }
    const std::vector<torch::Tensor>& parameters() const { return parameters_; }
    /// From now on the parameters are views of `flat`. A graph recorded before refers to them, not to their old
    /// values: before walking it, call this with the vector it was recorded at.
    void point_to(const torch::Tensor& flat);

    /// Gradients (undefined = zero) as one vector without a graph.
    torch::Tensor joined(const std::vector<torch::Tensor>& gradients) const;
    /// A vector as views shaped like the parameters.
    std::vector<torch::Tensor> split(const torch::Tensor& flat) const;

private:
    std::vector<torch::Tensor> parameters_;
    std::vector<std::int64_t> sizes_;
    torch::Tensor flat_;
};

}  // namespace stemma
