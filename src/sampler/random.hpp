#pragma once
#include <cstdint>
#include <memory>

#include "sampler/descriptor.hpp"

namespace stemma {

/// Independent uniform points of the unit cube. A proposal is a function of (seed, request.member) and of the values
/// inherited from the parent. Proposes nothing when forbidden clauses allow nothing: see random_draws.hpp.
std::unique_ptr<Sampler> make_random_sampler(std::shared_ptr<const SearchSpace> space, std::uint64_t seed);

SamplerDescriptor random_sampler_descriptor();

}  // namespace stemma
