#pragma once
#include <torch/torch.h>

#include "trainer/snapshot.hpp"
#include "trainer/torch/hyperparameters.hpp"

namespace stemma {

/// LibTorch's SGD, Adam or AdamW with the hyperparameters of that name, in one parameter group.
std::unique_ptr<torch::optim::Optimizer> make_optimizer(std::vector<torch::Tensor> parameters,
                                                        const Hyperparameters& hyperparameters);

/// Of all parameter groups, from the next step on.
void set_learning_rate(torch::optim::Optimizer& optimizer, double lr);

/// Scales the parameters' gradients to the global norm `norm` if they are longer together; 0 = no limit. As PyTorch's
/// clip_grad_norm_, but without waiting for the device.
void clip_gradients(const std::vector<torch::Tensor>& parameters, double norm);

/// Adds the moments as arrays "optimiser/<number of the parameter>/<moment>", and the optimizer's name.
void save_optimizer(torch::optim::Optimizer& optimizer, const std::string& name, Snapshot& snapshot);

/// Restores what save_optimizer() left. A snapshot of another kind of optimizer (a child with another configuration)
/// leaves `optimizer` as it is: new; returns false then. Throws DecodeError when arrays are missing or have another
/// shape.
bool load_optimizer(torch::optim::Optimizer& optimizer, const std::string& name, const Snapshot& snapshot);

}  // namespace stemma
