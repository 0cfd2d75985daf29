#pragma once
// What each optimizer of torch_optimizers() is as code.

#include <memory>
#include <string>
#include <vector>

#include "trainer/torch/hypergradient/update_rule.hpp"
#include "trainer/torch/optimizer.hpp"

namespace stemma {

/// What stands in a snapshot for one parameter's moments, and how tensors come back from there.
struct SavedMoments {
    const torch::Tensor& parameter;
    const std::string& prefix;  ///< of the arrays
    const Snapshot& snapshot;
    bool has(const char* moment) const { return snapshot.find(prefix + moment) != nullptr; }
    /// A tensor like the parameter. Throws DecodeError.
    torch::Tensor restore(const char* moment) const;
};

/// An optimizer of torch_optimizers() as code.
struct OptimizerCode {
    std::unique_ptr<torch::optim::Optimizer> (*make)(std::vector<torch::Tensor> parameters, const Hyperparameters&);
    /// Adds the moments of one parameter as arrays prefix + name. Moments that do not exist yet are left out.
    void (*save)(const torch::optim::OptimizerParamState&, const std::string& prefix, Snapshot&);
    const char* first;  ///< an array that each parameter with moments has
    std::unique_ptr<torch::optim::OptimizerParamState> (*load)(const SavedMoments&,
                                                               const torch::optim::OptimizerOptions&);
    /// Counts an update in one parameter's moments. Returns its number; 1 where the update does not depend on it.
    std::int64_t (*count)(torch::optim::OptimizerParamState&);
    /// What the kernels of update() read from the device: values that change from one update to the next.
    std::vector<double> (*values)(const torch::optim::OptimizerOptions&, std::int64_t update);
    /// The update of one parameter, in place. `moments`: nullptr where the optimizer keeps none.
    void (*update)(torch::Tensor& parameter, torch::optim::OptimizerParamState* moments, const torch::Tensor& values,
                   const torch::optim::OptimizerOptions&);
    /// The same update for hypergradients; nullptr: it cannot be differentiated.
    std::unique_ptr<UpdateRule> (*rule)(double eps, bool amsgrad);
};

/// Of the optimizer of that name, which has been checked.
OptimizerCode optimizer_code(const std::string& name);

/// What an optimizer keeps for a parameter; nullptr before the parameter's first update.
torch::optim::OptimizerParamState* moments_of(torch::optim::Optimizer& optimizer, const torch::Tensor& parameter);

/// NAME_optimizer() of each optimizer, defined in a file of its own.
#define STEMMA_OPTIMIZER(id, ...) OptimizerCode id##_optimizer();
#include "trainer/torch_library/optimizers.inc"
#undef STEMMA_OPTIMIZER

/// The update of the optimizer of that name as a function that can be differentiated, without Nesterov's momentum.
/// Throws Infeasible where there is none.
std::unique_ptr<UpdateRule> make_update_rule(const std::string& optimizer, double eps, bool amsgrad);

}  // namespace stemma
