#pragma once
// All samplers by name.

#include <string_view>
#include <vector>

#include "sampler/descriptor.hpp"

namespace stemma {

/// In the order of lists.
const std::vector<SamplerDescriptor>& samplers();

/// The sampler of that name. An unknown name is a bug: the key sampler.type has been checked.
const SamplerDescriptor& sampler_named(std::string_view name);

}  // namespace stemma
