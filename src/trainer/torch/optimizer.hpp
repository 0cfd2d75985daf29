#pragma once
#include <torch/torch.h>

#include "trainer/snapshot.hpp"
#include "trainer/torch_library/hyperparameters.hpp"

namespace stemma {

/// LibTorch's optimizer of that name with its hyperparameters, in one parameter group.
std::unique_ptr<torch::optim::Optimizer> make_optimizer(std::vector<torch::Tensor> parameters,
                                                        const Hyperparameters& hyperparameters);

/// Of all parameter groups, from the next step on.
void set_learning_rate(torch::optim::Optimizer& optimizer, double lr);

/// Scales the parameters' gradients to the global norm `norm` if their global norm is larger; 0 = no limit. Like
/// PyTorch's clip_grad_norm_, but without waiting for the device.
void clip_gradients(const std::vector<torch::Tensor>& parameters, double norm);

/// Adds the moments as arrays "optimizer/<number of the parameter>/<moment>", and the optimizer's name. These names are
/// a file format: old snapshots have them.
void save_optimizer(torch::optim::Optimizer& optimizer, const std::string& name, Snapshot& snapshot);

/// Restores the moments of save_optimizer(). Returns false for a snapshot of another kind of optimizer (a child with
/// another configuration), and leaves `optimizer` new. Throws DecodeError when arrays are missing or have another
/// shape.
bool load_optimizer(torch::optim::Optimizer& optimizer, const std::string& name, const Snapshot& snapshot);

}  // namespace stemma
