#pragma once
#include <algorithm>
#include <cmath>
#include <cstdlib>

namespace stemma {

inline double th() { static const double v = std::getenv("STEMMA_TH") ? std::atof(std::getenv("STEMMA_TH")) : 0.5; return v; }
inline constexpr double feasibility_slope = 100;
inline double feasibility_penalty(double log_feasible) {
    return feasibility_slope * std::max(0.0, std::log(th()) - log_feasible);
}

}  // namespace stemma
