#include "simulator/path_curve.hpp"

#include <gtest/gtest.h>

#include "core/error.hpp"
#include "support/errors.hpp"

namespace stemma {
namespace {

MovingOptimum curve() {
    return {[](ConfigurationView configuration) { return std::get<double>(configuration[0]); }, 0.2};
}

double loss_after(MovingOptimum& path, SnapshotId start, SnapshotId end, double x, Resource from, Resource to) {
    std::vector<double> metrics;
    const Configuration configuration = {x};
    path.train(start, end, configuration, from, to, metrics);
    return metrics.at(0);
}

TEST(MovingOptimum, TheFirstUnitAtTheOptimumGivesOne) {
    auto path = curve();
    EXPECT_DOUBLE_EQ(loss_after(path, {}, {0}, 0.9, 0, 1), 0.5);
}

TEST(MovingOptimum, GoesOnFromTheWeightsItIsGiven) {
    auto path = curve();
    const double at_once = loss_after(path, {}, {0}, 0.7, 0, 8);
    loss_after(path, {}, {1}, 0.7, 0, 3);
    EXPECT_DOUBLE_EQ(loss_after(path, {1}, {2}, 0.7, 3, 8), at_once);
    // From other weights the result differs: the choice of the parent matters.
    loss_after(path, {}, {3}, 0.2, 0, 3);
    EXPECT_GT(loss_after(path, {3}, {4}, 0.7, 3, 8), at_once);
}

TEST(MovingOptimum, AScheduleBeatsEveryFixedValue) {
    auto path = curve();
    double fixed = 1;
    for (int i = 0; i <= 100; ++i) fixed = std::min(fixed, loss_after(path, {}, {0}, i / 100.0, 0, 40));
    loss_after(path, {}, {1}, 0.8, 0, 10);
    loss_after(path, {1}, {2}, 0.5, 10, 20);
    EXPECT_LT(loss_after(path, {2}, {3}, 0.3, 20, 40), fixed);
}

TEST(MovingOptimum, RefusesWeightsThatWereNeverMadeOrAreFromElsewhere) {
    auto path = curve();
    EXPECT_ERROR(loss_after(path, {7}, {8}, 0.5, 1, 2), InternalError, "a snapshot is made before use");
    loss_after(path, {}, {0}, 0.5, 0, 2);
    EXPECT_ERROR(loss_after(path, {0}, {1}, 0.5, 1, 3), InternalError, "training goes on where the weights are");
}

}  // namespace
}  // namespace stemma
