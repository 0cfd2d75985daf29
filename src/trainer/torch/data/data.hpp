#pragma once
// A data set in memory, split once into rows for training, validation and test.

#include <torch/torch.h>

#include "trainer/torch_library/torch_settings.hpp"

namespace stemma {

struct Rows {
    /// Images: uint8 [n, channels, height, width]; tables: float32 [n, columns], standardized; text: word numbers,
    /// int64 [n], or [steps, streams] as a member reads them (text_data.hpp).
    torch::Tensor x;
    torch::Tensor y;  ///< classes: int64 [n], text: like x; regression: float32 [n], standardized
    std::int64_t size() const { return x.size(0); }
};

struct Data {
    std::string name;  ///< "Fashion-MNIST", "energy.csv"
    Rows train, valid, test;
    Rows tune;                 ///< validation rows that the hypergradient sees; empty without hypergradients
    std::int64_t classes = 0;  ///< 0 = regression; text: words of the vocabulary
    double target_scale = 1;   ///< standard deviation of the target over the training rows
    torch::Tensor mean;        ///< [channels, 1, 1] of pixels in [0, 1]; undefined: pixels are not standardized
    torch::Tensor scale;       ///< standard deviation of each channel, with the same shape

    bool text() const { return train.x.scalar_type() == torch::kInt64; }
    bool images() const { return train.x.dim() == 4; }
    std::int64_t features() const { return train.x[0].numel(); }
    /// A batch of `x` as the networks want it: images become float32 in [0, 1], standardized if there is a mean.
    torch::Tensor input(const torch::Tensor& x) const;
};

/// Reads, splits (seed: settings.run_seed) and moves to `device`. Standardization uses the training rows alone. Throws
/// UserError.
Data load_data(const TorchSettings& settings, torch::Device device);

/// Makes the checks of load_data(). A table is read whole.
void check_data(const TorchSettings& settings);

/// Checks that the files named in the settings exist. Throws UserError with the remedy.
void check_data_files(const TorchSettings& settings);

}  // namespace stemma
