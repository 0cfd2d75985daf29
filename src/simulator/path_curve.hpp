#pragma once
// Training whose result depends on its initial weights, so that the choice of a child's parent matters.

#include <functional>
#include <vector>

#include "core/ids.hpp"
#include "space/configuration.hpp"
#include "trainer/toy/path_surface.hpp"

namespace stemma {

/// Keeps the weights of every snapshot: 16 bytes for each lease. One object for a whole run, over all starts.
class PathCurve {
public:
    virtual ~PathCurve() = default;
    /// Trains from the weights in `start` (none = initial weights, `from` is 0) and keeps the result as `end`. Fills
    /// `metrics` (given empty). InternalError if `start` was never made, or was made at another resource than `from`.
    virtual void train(SnapshotId start, SnapshotId end, ConfigurationView configuration, Resource from, Resource to,
                       std::vector<double>& metrics) = 0;
};

/// Weights are one number, the progress p >= 0. Each unit adds exp(-((x - x*(p)) / width)^2) to it. x in [0, 1] is what
/// `coordinate` makes of the configuration (a learning rate, say). The best x falls with progress: x*(p) = 0.9 - 0.8 p
/// / (p + 10). Metrics: the loss 1 / (1 + p), and 1 - loss. No fixed x goes far, but a schedule does: PBT and GPBT
/// search for it.
class MovingOptimum : public PathCurve {
public:
    using Coordinate = std::function<double(ConfigurationView)>;
    MovingOptimum(Coordinate coordinate, double width) : coordinate_(std::move(coordinate)), width_(width) {}

    void train(SnapshotId start, SnapshotId end, ConfigurationView configuration, Resource from, Resource to,
               std::vector<double>& metrics) override;

private:
    struct Weights {
        double progress = 0;
        Resource resource = 0;  ///< 0 = never made
    };
    Coordinate coordinate_;
    double width_;
    std::vector<Weights> snapshots_;  ///< by id
};

/// The toy trainer's surfaces that depend on the path. Metrics: the loss with noise, and the loss without.
class SurfacePath : public PathCurve {
public:
    using Coordinate = std::function<double(ConfigurationView)>;
    struct Settings {
        PathKind kind = PathKind::deceptive;
        Resource max = 50;
        double noise = 0;  ///< standard deviation
        std::uint64_t seed = 0;
    };
    SurfacePath(Settings settings, Coordinate coordinate) : settings_(settings), coordinate_(std::move(coordinate)) {}

    void train(SnapshotId start, SnapshotId end, ConfigurationView configuration, Resource from, Resource to,
               std::vector<double>& metrics) override;

private:
    struct Weights {
        PathState state;
        Resource resource = 0;  ///< 0 = never made
    };
    Settings settings_;
    Coordinate coordinate_;
    std::vector<Weights> snapshots_;  ///< by id
};

}  // namespace stemma
