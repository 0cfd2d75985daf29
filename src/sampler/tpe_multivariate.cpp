#include <limits>

#include "sampler/product_kernels.hpp"

namespace stemma {

Configuration propose_multivariate(const TpeModel& model, Stream& random) {
    ProductKernels good(model, model.good), bad(model, model.bad);
    Configuration best;
    constexpr double nothing = -std::numeric_limits<double>::infinity();
    double best_score = nothing;
    for (std::uint32_t i = 0; i < model.settings.candidates; ++i) {
        auto candidate = good.draw(random);
        const auto unit = model.space.to_unit(candidate);
        const bool allowed = model.space.allowed(candidate);
        const double score = allowed ? good.log_density(candidate, unit) - bad.log_density(candidate, unit) : nothing;
        if (best.empty() || score > best_score) {
            best = std::move(candidate);
            best_score = score;
        }
    }
    return best;
}

}  // namespace stemma
