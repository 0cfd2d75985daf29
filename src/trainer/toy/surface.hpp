#pragma once
// Analytic learning curves over any search space, for the toy trainer and the simulator: cheap, deterministic, and with
// the properties that make early stopping worthwhile or dangerous.

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/ids.hpp"
#include "space/search_space.hpp"

namespace stemma {

/// loss(x, t) = asymptote(x) + amplitude(x) * (t + 1)^(-rate(x)) + noise(member, t), where x is the configuration in
/// the unit cube. The best asymptote is 0.1 at an optimum that the name fixes; amplitude is 0.9; losses of a diverging
/// corner (first coordinate > 0.97, like a learning rate that is too large) are near 10 as the ASHA paper reports of
/// its LSTM.
///  "quadratic"  asymptote grows with the squared distance to the optimum, coordinate i weighted 1 / (i + 1)^2;
///  "narrow"     the same with a sharp valley in the first coordinate (a learning rate);
///  "crossing"   good configurations learn slowly at first: early rungs mislead;
///  "flat"       all configurations alike: only noise decides.
struct Surface {
    enum class Kind : std::uint8_t { quadratic, narrow, crossing, flat };
    Kind kind = Kind::quadratic;
    double noise = 0;        ///< standard deviation
    std::uint64_t seed = 0;  ///< of the noise
    double unit = 1;         ///< resource that counts as one step of the curve, > 0

    /// About 50 ns a parameter. `unit_point` has one coordinate a parameter, as SearchSpace::to_unit gives them.
    double loss(const std::vector<double>& unit_point, MemberId member, Resource resource) const;
};

/// Throws UserError with the names there are.
Surface::Kind surface_named(std::string_view name);
const std::vector<std::string>& surface_names();

}  // namespace stemma
