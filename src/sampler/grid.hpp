#pragma once
#include <cstdint>
#include <memory>
#include <vector>

#include "sampler/descriptor.hpp"

namespace stemma {

struct GridSettings {
    std::uint32_t points = 5;                 ///< values of each real, and of each integer without step that has more
    std::vector<Configuration> skipped = {};  ///< points that another sampler proposes
    bool shuffle = false;  ///< visit in an order drawn from the seed, so that an early end leaves no region out
};

/// Every allowed point of the grid once (space/grid.hpp), except the skipped points, then nothing. The point depends on
/// the number of proposals made by this object. A request with a parent takes the next point too, with the inherited
/// values in it, so that a child's configuration may come twice. Throws UserError when points == 0, or when a grid to
/// shuffle has more than 10^7 numbers (their order is kept: 8 bytes each).
std::unique_ptr<Sampler> make_grid_sampler(std::shared_ptr<const SearchSpace> space, const GridSettings& settings,
                                           std::uint64_t seed);

/// Configurations that the grid proposes together with those of `first`, which it does not try again; 10^6 for that
/// many and more.
std::uint64_t grid_configurations(const GridSettings& settings, const SearchSpace& space,
                                  const std::vector<Configuration>& first);

SamplerDescriptor grid_sampler_descriptor();

}  // namespace stemma
