#pragma once
#include <cstdint>
#include <memory>

#include "sampler/descriptor.hpp"

namespace stemma {

/// Sobol's sequence over the parameters that are not constant (Boost.Random; direction numbers of Joe and Kuo, SIAM J.
/// Sci. Comput. 30, 2008). Each coordinate is shifted by XOR with 64 random bits, keyed by (seed, Purpose::scramble,
/// its number). Any 2^k points from a multiple of 2^k on stay evenly spread. A proposal is a function of (seed,
/// request.index) and of the values inherited from the parent. request.index counts from 0, the origin included.
///
/// A point that a forbidden clause refuses is replaced by random draws for request.member (random_draws.hpp). Skipping
/// ahead would make a proposal depend on all proposals before it. The more is forbidden, the closer this is to random
/// search. Nothing when nothing is allowed. Throws UserError for more than 3,667 parameters.
std::unique_ptr<Sampler> make_sobol_sampler(std::shared_ptr<const SearchSpace> space, std::uint64_t seed);

SamplerDescriptor sobol_sampler_descriptor();

}  // namespace stemma
