#pragma once
// Where training runs: threads, devices, precision. The only file that knows which LibTorch it is.

#include <torch/torch.h>

#include "trainer/torch/torch_trainer.hpp"

namespace stemma {

/// Throws UserError with the remedy when the device is misspelled or not there.
torch::Device checked_device(const std::string& name);

/// Deterministic algorithms and TF32: LibTorch has one such switch a process. On a CPU: how much freed memory is kept.
void set_process_flags(const TorchSettings& settings, torch::Device device);

/// Threads of tensor operations started by the calling thread, and of the BLAS library behind them.
void set_threads(int threads);

/// "OpenBLAS's kernels for Haswell", or nothing where LibTorch has another BLAS library. See platform/blas_kernels.hpp.
std::string blas_text();

/// The global generator of a device, which torch::manual_seed() seeds.
const at::Generator& default_generator(torch::Device device);

/// A generator of its own; LibTorch's global ones are shared by all threads.
at::Generator make_generator(torch::Device device);

/// A copy of a tensor of the host on the device. Not waited for: the device takes it when it comes there.
torch::Tensor sent(const torch::Tensor& host, torch::Device device);

/// Gives memory that LibTorch keeps for reuse back to the GPU. Nothing on a CPU, nor on GPUs of others than NVIDIA and
/// AMD with a LibTorch before 2.9.
void release_memory(torch::Device device);

/// Automatic mixed precision in bfloat16 while it lives, if `on`.
class Autocast {
public:
    Autocast(bool on, torch::Device device);
    ~Autocast();
    Autocast(const Autocast&) = delete;
    Autocast& operator=(const Autocast&) = delete;

private:
    void enable(bool on);
    bool on_;
    torch::Device device_;
};

}  // namespace stemma
