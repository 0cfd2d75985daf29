#include "simulator/surface_curve.hpp"

#include <limits>
#include <utility>

namespace stemma {

LearningCurve surface_curve(Surface surface, SearchSpace space, std::size_t metrics, std::size_t metric,
                            bool maximize) {
    return [surface, space = std::move(space), metrics, metric, maximize](
               MemberId member, ConfigurationView configuration, std::uint64_t, Resource resource,
               std::vector<double>& row) {
        row.assign(metrics, std::numeric_limits<double>::quiet_NaN());
        const double loss = surface.loss(space.to_unit(configuration), member, resource);
        row[metric] = maximize ? 1 - loss : loss;
    };
}

}  // namespace stemma
