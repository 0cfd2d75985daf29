#include "simulator/path_curve.hpp"

#include <cmath>

#include "core/error.hpp"

namespace stemma {

void MovingOptimum::train(SnapshotId start, SnapshotId end, ConfigurationView configuration, Resource from, Resource to,
                          std::vector<double>& metrics) {
    Weights weights;
    if (start.exists()) {
        ensure(start.value < snapshots_.size() && snapshots_[start.value].resource > 0,
               "a snapshot is made before use");
        weights = snapshots_[start.value];
    }
    ensure(weights.resource == from, "training goes on where the weights are");
    const double x = coordinate_(configuration);
    for (; weights.resource < to; ++weights.resource) {
        const double best = 0.9 - 0.8 * weights.progress / (weights.progress + 10);
        const double away = (x - best) / width_;
        weights.progress += std::exp(-away * away);
    }
    if (end.value >= snapshots_.size()) snapshots_.resize(end.value + 1);
    snapshots_[end.value] = weights;
    const double loss = 1 / (1 + weights.progress);
    metrics.push_back(loss);
    metrics.push_back(1 - loss);
}

}  // namespace stemma
