#include "platform/mps.hpp"

#include <unistd.h>

#include <cstdlib>

namespace stemma {

std::string mps_folder(const Environment& environment) {
    const auto own = environment.find("CUDA_MPS_PIPE_DIRECTORY");
    return own == environment.end() || own->second.empty() ? "/tmp/nvidia-mps" : own->second;
}

bool mps_runs(const Environment& environment) {
    if (::access((mps_folder(environment) + "/control").c_str(), F_OK) != 0) return false;
    return std::system("echo get_server_list | timeout 5 nvidia-cuda-mps-control >/dev/null 2>&1") == 0;
}

}  // namespace stemma
