#include "trainer/torch/lr_schedule.hpp"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace stemma {

double lr_schedule_factor(const Hyperparameters& h, double trained, double step) {
    if (trained < h.warmup) return std::min(1.0, (trained + step) / h.warmup);
    if (h.lr_schedule == "cosine") {
        if (trained >= h.horizon) return 0;
        const double share = (trained - h.warmup) / (h.horizon - h.warmup);
        return 0.5 * (1 + std::cos(std::numbers::pi * share));
    }
    if (h.lr_schedule == "step") {
        // A drop falls between two steps. The sum of the step lengths misses it by rounding.
        return std::pow(h.step_gamma, std::floor(trained / h.step_size + 1e-9));
    }
    return 1;
}

}  // namespace stemma
