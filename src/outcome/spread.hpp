#pragma once
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "outcome/outcome.hpp"

namespace stemma {

/// Places of a front that are given by distance; the points behind them keep their order.
inline constexpr std::size_t most_spread_places = 512;

/// The first `need` places of a front (all, if it has fewer), as indices. First the point with the least z1 (then z2,
/// z3), then again and again the one farthest from its nearest one already placed. Ties go to the lower index. So the
/// best on the first metric has place 0, and neighbors come late. The first places do not depend on `need`.
///
/// Epsilon-net order: Clarkson 2005; Salinas et al. 2021; Schmucker et al. 2021 (arXiv 2106.12639). Deviation: each
/// objective is scaled to [0, 1] over this front. Squared distances, without a square root or fused operations.
/// O(n * min(need, 512)).
std::vector<std::uint32_t> spread_order(std::span<const Objectives> front, std::size_t need);

}  // namespace stemma
