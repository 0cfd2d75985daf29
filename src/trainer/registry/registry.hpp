#pragma once
// All trainers by name.

#include <vector>

#include "trainer/descriptor.hpp"

namespace stemma {

/// In the order of lists.
const std::vector<TrainerDescriptor>& trainers();

}  // namespace stemma
