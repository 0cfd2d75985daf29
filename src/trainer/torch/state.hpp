#pragma once
// Tensors to and from arrays of a snapshot.

#include <torch/torch.h>

#include "trainer/snapshot.hpp"

namespace stemma {

/// Makes one copy, from any device. Throws InternalError on a type that snapshots do not have (complex, ...).
void save_tensor(const torch::Tensor& tensor, const std::string& name, Snapshot& snapshot);

/// The array called `name`, on the CPU. Throws DecodeError when it is missing or has another type.
torch::Tensor load_tensor(const Snapshot& snapshot, const std::string& name, torch::ScalarType type);

/// Overwrites `tensor` with the array. Throws DecodeError when the array is missing or has another type or shape.
void restore_tensor(torch::Tensor tensor, const std::string& name, const Snapshot& snapshot);

/// Of the parameters, without buffers.
std::size_t parameter_bytes(const torch::nn::Module& module);

/// Parameters and buffers as "model/<name>".
void save_module(const torch::nn::Module& module, Snapshot& snapshot);
/// Throws DecodeError as restore_tensor() does.
void load_module(torch::nn::Module& module, const Snapshot& snapshot);

}  // namespace stemma
