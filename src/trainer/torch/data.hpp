#pragma once
// A data set in memory, split once into rows for training, validation and test.

#include <torch/torch.h>

#include "trainer/torch/torch_trainer.hpp"

namespace stemma {

struct Rows {
    torch::Tensor x;  ///< images: uint8 [n, 1, height, width]; tables: float32 [n, columns], standardised
    torch::Tensor y;  ///< classes: int64 [n]; regression: float32 [n], standardised
    std::int64_t size() const { return x.size(0); }
};

struct Data {
    std::string name;  ///< "Fashion-MNIST", "energy.csv"
    Rows train, valid, test;
    Rows tune;                 ///< validation rows that the hypergradient sees; empty without hypergradients
    std::int64_t classes = 0;  ///< 0 = regression
    double target_scale = 1;   ///< standard deviation of the target over the training rows

    bool images() const { return train.x.dim() == 4; }
    std::int64_t features() const { return train.x[0].numel(); }
};

/// A batch as the networks want it: images become float32 in [0, 1].
torch::Tensor as_input(const torch::Tensor& x);

/// Reads, splits (seed: settings.run_seed) and moves to `device`. Standardisation uses the training rows alone. Throws
/// UserError.
Data load_data(const TorchSettings& settings, torch::Device device);

/// The files that the settings name are there; throws UserError with the remedy.
void check_data_files(const TorchSettings& settings);

}  // namespace stemma
