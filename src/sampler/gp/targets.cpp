#include "sampler/gp/targets.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "core/error.hpp"
#include "sampler/gp/warp.hpp"

namespace stemma::gp {

Vector targets(std::span<const double> objectives, bool warp) {
    constexpr double largest = std::numeric_limits<double>::max();
    double best = largest, worst = -largest;
    bool any = false;
    for (const double objective : objectives) {
        if (!std::isfinite(objective)) continue;
        any = true;
        best = std::min(best, objective);
        worst = std::max(worst, objective);
    }
    ensure(any, "a finite objective among those to model");
    // Divided before the difference is taken, because the difference may exceed a double.
    const double margin = worst > best ? worst / 4 - best / 4 : 1;
    std::vector<double> finite(objectives.begin(), objectives.end());
    for (auto& objective : finite) {
        if (!std::isfinite(objective)) objective = std::min(largest, worst + margin);
    }
    const auto scaled = standardize(finite, warp);
    return Eigen::Map<const Vector>(scaled.data(), static_cast<Eigen::Index>(scaled.size()));
}

}  // namespace stemma::gp
