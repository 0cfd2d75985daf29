#pragma once
// Text as a data set: the next word is to be predicted.

#include "trainer/torch/data/data.hpp"
#include "trainer/torch_library/hyperparameters.hpp"

namespace stemma {

/// Checks that the files named in the settings exist. Throws UserError with the remedy.
void check_text_files(const TorchSettings& settings);

/// Read and split, on the CPU. Each part is one long sequence of words. Its targets are the same sequence, shifted by
/// one word. Throws UserError.
Data load_text(const TorchSettings& settings);

/// Text of load_text() as a member reads it: x and y int64 [steps, streams], where a row is a step of all streams.
/// Training rows and the hypergradient's rows are cut into batch_size streams. Validation and test are measured in 40
/// streams, or in fewer where streams would be shorter than 70 steps. Members of any batch size are thus compared on
/// the same words. Words that do not fill a step are left out. Throws Infeasible when a part has fewer words than
/// streams.
Data in_streams(const Data& text, std::int64_t batch_size);

}  // namespace stemma
