#pragma once
// Networks made in Python: torch.jit.script(model).save("net.pt").

#include <memory>
#include <string>

#include "trainer/torch/networks/network.hpp"

namespace stemma {

/// The network in `file` with its saved weights, whatever the seed. Its parameters and buffers keep their names.
/// Dropout and other draws inside the network come from LibTorch's global generator. Each training step seeds the
/// global generator from `generator` without waiting for the device, and then gives `generator` a new seed. Results are
/// reproducible where one worker trains in a process, as under MPI. Throws UserError for a missing file, a file that is
/// not TorchScript, and operators that this LibTorch lacks.
std::shared_ptr<Network> make_script_network(const std::string& file, at::Generator& generator);

}  // namespace stemma
