#pragma once
// Text as a data set: the next word is to be predicted.

#include "trainer/torch/data/data.hpp"
#include "trainer/torch/hyperparameters.hpp"

namespace stemma {

/// The files that the settings name are there; throws UserError with the remedy.
void check_text_files(const TorchSettings& settings);

/// Read and split, on the CPU: each part is one long sequence of words with, as targets, the same one word on. Throws
/// UserError.
Data load_text(const TorchSettings& settings);

/// Text of load_text() as a member reads it: x and y int64 [steps, streams], a row being a step of all streams.
/// Training and what the hypergradient sees are cut into batch_size streams. Validation and test are measured in 40
/// streams, or fewer where these would be shorter than 70 steps, so that members of any batch size are compared on the
/// same words. What does not fill a step is left out. Throws Infeasible when a part is shorter than its streams are
/// many.
Data in_streams(const Data& text, std::int64_t batch_size);

}  // namespace stemma
