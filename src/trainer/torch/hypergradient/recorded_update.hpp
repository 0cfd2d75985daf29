#pragma once
// A weight update that was made, with its graph kept, and hypergradients from such updates.

#include <torch/torch.h>

#include <memory>
#include <vector>

#include "trainer/hypergradient.hpp"
#include "trainer/torch/hypergradient/curvature.hpp"
#include "trainer/torch/hypergradient/flat_parameters.hpp"
#include "trainer/torch/hypergradient/update_rule.hpp"

namespace stemma {

/// The training gradient at the parameters' present values, its curvature, and the update made from it. Memory: that of
/// the curvature, and four vectors of the weights' size with SGD, about fourteen with Adam.
class RecordedUpdate {
public:
    /// `curvature` of the training loss at the present parameters. Moves `moments` on, and leaves the parameters
    /// unchanged.
    RecordedUpdate(FlatParameters& parameters, std::unique_ptr<Curvature> curvature, const UpdateRule& rule,
                   Moments& moments, const UsedValues& used);

    const torch::Tensor& before() const { return before_; }
    const torch::Tensor& after() const { return after_; }
    torch::Tensor loss() const { return curvature_->loss(); }
    const Linearized& linearized() const { return *linearized_; }

    /// H x, with H the derivative of the (clipped) gradient by the weights before the update. The parameters must point
    /// to before().
    torch::Tensor times_hessian(const torch::Tensor& x) const;

private:
    const FlatParameters& parameters_;
    std::unique_ptr<Curvature> curvature_;
    torch::Tensor before_, after_;
    std::unique_ptr<Linearized> linearized_;
};

/// Scales to the global norm `clip` if the gradients are longer; differentiable; 0 = no limit.
std::vector<torch::Tensor> clipped(std::vector<torch::Tensor> gradients, double clip);

/// The clipped gradient of the loss by the present parameters, without a graph.
torch::Tensor plain_gradient(const FlatParameters& parameters, const torch::Tensor& loss, double clip);

/// p = a sum_{j < terms} ((I - a J)^T)^j v, with J = du/dw of the update. For a = 1 these are equations 4 to 6 of
/// arXiv 2110.10461. Costs terms - 1 Hessian-vector products. With `truncate`, the first term that is longer than the
/// term before it counts as zero, and so do all later terms. `truncated` [] is then 1, otherwise 0. It is undefined
/// without `truncate`.
struct Series {
    torch::Tensor sum;
    torch::Tensor truncated;
};
Series neumann_series(const RecordedUpdate& last, torch::Tensor v, const HypergradientSettings& settings);

/// dV/d used by implicit differentiation at the last update, `v` = dV/dw at the weights after it. No direct term.
PerHyper<torch::Tensor> implicit_hypergradient(FlatParameters& parameters, const RecordedUpdate& last,
                                               const torch::Tensor& v, const HypergradientSettings& settings,
                                               torch::Tensor& truncated);

/// dV/d used, exact through the recorded updates in order (weights and moments before the first one are constants). `v`
/// = dV/dw after the last update. Costs one Hessian-vector product for each update but the first.
PerHyper<torch::Tensor> unrolled_hypergradient(FlatParameters& parameters, const std::vector<RecordedUpdate>& updates,
                                               const torch::Tensor& v);

}  // namespace stemma
