#pragma once
// A model's parameters as one vector. An update is then a few operations, however many tensors the model has.

#include <torch/torch.h>

#include <vector>

namespace stemma {

/// The parameters become views of one vector [n], in the given order. This vector can be exchanged at any time, so that
/// a graph recorded at older weights can be walked with these older weights in place.
class FlatParameters {
public:
    /// Parameters of one type on one device. Parameters that require no gradient (frozen) are left out. The values are
    /// copied into the first vector. Throws UserError when no parameter is left.
    explicit FlatParameters(std::vector<torch::Tensor> parameters);

    const torch::Tensor& flat() const { return flat_; }
    const std::vector<torch::Tensor>& parameters() const { return parameters_; }
    /// From now on the parameters are views of `flat`. A graph recorded before refers to the parameters, not to their
    /// old values. Before walking the graph, call this with the vector at which it was recorded.
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
