#pragma once
// The LibTorch part of the program: the shared library libstemma_torch.so, loaded when something first needs it. A rank
// that trains without LibTorch never maps it (LibTorch costs 40 MiB of private memory a process and a third of a second
// to load), and a program without that library beside it is one without LibTorch.

#include <memory>
#include <string>
#include <vector>

#include "space/search_space.hpp"
#include "trainer/torch_library/torch_settings.hpp"
#include "trainer/trainer.hpp"

namespace stemma {

/// What the library offers. The functions are those of trainer/torch/torch_trainer.hpp.
struct TorchLibrary {
    std::vector<MetricInfo> (*metrics)(const TorchSettings&) = nullptr;
    void (*check_settings)(const TorchSettings&, const SearchSpace&) = nullptr;
    void (*check_data)(const TorchSettings&) = nullptr;
    std::unique_ptr<Trainer> (*make_trainer)(TorchSettings, std::shared_ptr<const SearchSpace>) = nullptr;
    bool (*has_cuda)() = nullptr;
    std::string (*version)() = nullptr;
};

/// Loads the library at the first call: from the folders that the linker wrote into the program (its own folder in a
/// build; LIBDIR/stemma where it is installed), or LD_LIBRARY_PATH. Throws UserError, at each call, if it is not there,
/// if it cannot be loaded, or if it was built with another version of Stemma. It is never unloaded.
const TorchLibrary& torch_library();

}  // namespace stemma
