#pragma once
#include <string_view>

#include "trainer/trainer.hpp"

namespace stemma {

/// The kind of failure that an error's text describes: out_of_memory, device or exception. Libraries have few exception
/// types for these. tests/data/training_errors.tsv has examples; analysis/stemma/failures.py follows the same rules.
FailureKind kind_of_text(std::string_view text);

}  // namespace stemma
