#pragma once
// The LibTorch part of the program, libstemma_torch.so (platform/part.hpp). It costs 40 MiB of private memory a process
// and a third of a second, so a rank that trains without LibTorch never maps it. A program without this file beside it
// works without LibTorch.

#include <memory>
#include <string>
#include <vector>

#include "platform/part.hpp"
#include "space/search_space.hpp"
#include "trainer/torch_library/torch_settings.hpp"
#include "trainer/trainer.hpp"

namespace stemma {

/// The functions are those of trainer/torch/torch_trainer.hpp.
struct TorchLibrary {
    std::vector<MetricInfo> (*metrics)(const TorchSettings&) = nullptr;
    void (*check_settings)(const TorchSettings&, const SearchSpace&) = nullptr;
    void (*check_data)(const TorchSettings&) = nullptr;
    std::unique_ptr<Trainer> (*make_trainer)(TorchSettings, std::shared_ptr<const SearchSpace>) = nullptr;
    std::string (*gpu_kind)() = nullptr;
    int (*gpus)() = nullptr;
    std::string (*version)() = nullptr;
};

static inline std::string torch_stamp(const char* version) {
    return part_stamp(version, {sizeof(TorchLibrary), sizeof(TorchSettings), sizeof(SearchSpace), sizeof(TrainRequest),
                                sizeof(TrainResult)});
}

/// trainer.type = "torch". Its settings are TorchSettings.
struct TrainerDescriptor torch_descriptor();

/// Loads the part at the first call. Throws UserError, at each call, where it cannot be used.
const TorchLibrary& torch_library();

}  // namespace stemma
