#pragma once
// What a prediction that does not look at its input reaches.

#include <span>

#include "trainer/torch/data/data.hpp"
#include "trainer/trainer.hpp"

namespace stemma {

/// Fills in MetricInfo::baseline of the validation metrics. Loss: the shares of the classes (text: of the words) in the
/// training rows as probabilities, each class counted once more, or the mean of the training targets. Accuracy: the
/// most frequent class of the validation rows. Error and perplexity: those of that loss. O(rows).
void set_baselines(const Data& data, std::span<MetricInfo> metrics);

}  // namespace stemma
