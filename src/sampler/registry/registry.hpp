#pragma once
// All samplers by name.

#include <vector>

#include "sampler/descriptor.hpp"

namespace stemma {

/// In the order of lists.
const std::vector<SamplerDescriptor>& samplers();

}  // namespace stemma
