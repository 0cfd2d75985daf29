#pragma once
// All samplers by name.

#include <string_view>
#include <vector>

#include "sampler/descriptor.hpp"

namespace stemma {

/// In the order in which lists show them.
const std::vector<SamplerDescriptor>& samplers();

/// The one of that name. A name that is none is a bug: the key sampler.type has been checked.
const SamplerDescriptor& sampler_named(std::string_view name);

}  // namespace stemma
