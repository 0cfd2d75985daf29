#include "simulator/path_curve.hpp"

#include "core/error.hpp"
#include "core/rng.hpp"

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
        weights.progress += moving_gain(x, weights.progress, width_);
    }
    if (end.value >= snapshots_.size()) snapshots_.resize(end.value + 1);
    snapshots_[end.value] = weights;
    const double loss = 1 / (1 + weights.progress);
    metrics.push_back(loss);
    metrics.push_back(1 - loss);
}

void SurfacePath::train(SnapshotId start, SnapshotId end, ConfigurationView configuration, Resource from, Resource to,
                        std::vector<double>& metrics) {
    Weights weights{path_start(settings_.kind), 0};
    if (start.exists()) {
        ensure(start.value < snapshots_.size() && snapshots_[start.value].resource > 0,
               "a snapshot is made before use");
        weights = snapshots_[start.value];
    }
    ensure(weights.resource == from, "training goes on where the weights are");
    const double x = coordinate_(configuration);
    for (; weights.resource < to; ++weights.resource)
        weights.state = path_unit(settings_.kind, weights.state, x, weights.resource + 1, settings_.max);
    if (end.value >= snapshots_.size()) snapshots_.resize(end.value + 1);
    snapshots_[end.value] = weights;
    const double noise =
        settings_.noise > 0 ? settings_.noise * Stream(settings_.seed, Purpose::surface, end.value).normal() : 0;
    metrics.push_back(weights.state.loss + noise);
    metrics.push_back(weights.state.loss);
}

}  // namespace stemma
