#pragma once
// NVIDIA's Multi-Process Service: kernels of several processes run on one GPU at the same time. Written by its manual
// and tried with a stand-in for its tool; no GPU was at hand.

#include <string>

#include "platform/launch.hpp"

namespace stemma {

/// Where programs with this environment look for the daemon: CUDA_MPS_PIPE_DIRECTORY, else /tmp/nvidia-mps. Pure.
std::string mps_folder(const Environment& environment);

/// Whether the daemon of that folder runs. Without its pipe no program is started. Else its tool is asked
/// (nvidia-cuda-mps-control, at most 5 s): a daemon that was killed leaves its pipe behind.
bool mps_runs(const Environment& environment);

}  // namespace stemma
