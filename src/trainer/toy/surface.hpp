#pragma once
// Analytic learning curves over any search space, for the toy trainer and the simulator. They are cheap and
// deterministic, and have the properties that make early stopping worthwhile or dangerous.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/ids.hpp"
#include "space/search_space.hpp"
#include "trainer/toy/path_surface.hpp"

namespace stemma {

/// loss(x, t) = asymptote(x) + amplitude(x) * (t + 1)^(-rate(x)) + noise(member, t). Here x is the configuration in the
/// unit cube. The best asymptote is 0.1, at an optimum that the name fixes. The amplitude is 0.9. Losses of a diverging
/// corner are near 10, as the ASHA paper reports of its LSTM. The corner is a first coordinate > 0.97, like a learning
/// rate that is too large.
///  "quadratic"  asymptote grows with the squared distance to the optimum, coordinate i weighted 1 / (i + 1)^2;
///  "narrow"     like "quadratic", with a sharp valley in the first coordinate (a learning rate);
///  "crossing"   good configurations learn slowly at first: early rungs mislead;
///  "flat"       all configurations are equal: only noise decides.
/// The others are those of path_surface.hpp, whose result depends on the whole schedule. loss() then is that of a
/// training with one configuration.
struct Surface {
    enum class Kind : std::uint8_t { quadratic, narrow, crossing, flat, plain, deceptive, moving, decay, curvatures };
    Kind kind = Kind::quadratic;
    double noise = 0;        ///< standard deviation
    std::uint64_t seed = 0;  ///< of the noise
    double unit = 1;         ///< resource that counts as one step of the curve, > 0

    Resource max = 50;  ///< of the search, for "deceptive"

    /// Nothing for a surface whose result is a function of configuration and resource.
    std::optional<PathKind> path() const;
    /// What noise adds to the loss of this member at this resource.
    double noise_of(MemberId member, Resource resource) const;
    /// About 50 ns for each parameter, and for the surfaces of path_surface.hpp for each unit. `unit_point` has one
    /// coordinate for each parameter, as from SearchSpace::to_unit.
    double loss(const std::vector<double>& unit_point, MemberId member, Resource resource) const;
};

/// Throws UserError with the known names.
Surface::Kind surface_named(std::string_view name);
const std::vector<std::string>& surface_names();

}  // namespace stemma
