#pragma once
#include <string_view>

#include "trainer/trainer.hpp"

namespace stemma {

/// What an error's text says of memory and devices: out_of_memory, device or exception. Libraries have few types of
/// exceptions for it. tests/data/training_errors.tsv has what they say; analysis/stemma/failures.py knows the same.
FailureKind kind_of_text(std::string_view text);

}  // namespace stemma
