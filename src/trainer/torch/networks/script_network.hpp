#pragma once
// Networks made in Python: torch.jit.script(model).save("net.pt").

#include <memory>
#include <string>

#include "trainer/torch/networks/network.hpp"

namespace stemma {

/// The network in `file`, with the weights that it was saved with, whatever the seed. Its parameters and buffers keep
/// their names. Dropout and other draws inside it come from LibTorch's global generator, which each training step seeds
/// from `generator` without waiting for the device, and seeds that anew: the same numbers each time where one worker
/// trains in a process, as under MPI. Throws UserError: no such file, not TorchScript, or saved by a PyTorch with
/// operators that this LibTorch lacks.
std::shared_ptr<Network> make_script_network(const std::string& file, at::Generator& generator);

}  // namespace stemma
