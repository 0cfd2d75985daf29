#pragma once
#include <cstdint>
#include <memory>

#include "trainer/descriptor.hpp"
#include "trainer/toy/surface.hpp"

namespace stemma {

/// What a configuration outside the feasible region fails with.
enum class ToyFailure : std::uint8_t { out_of_memory, infeasible, nonfinite };

struct ToySettings {
    Surface surface;
    double seconds_per_unit = 0;  ///< slept in each unit of resource
    bool busy = false;            ///< computes for so long instead of sleeping
    std::size_t state_bytes = 0;  ///< extra bytes in the snapshot beside the state itself
    /// A configuration whose first two coordinates in the unit cube sum to more fails in its first unit, as fails_as
    /// says. 2 and more: all can be trained.
    double feasible_up_to = 2;
    ToyFailure fails_as = ToyFailure::out_of_memory;
    /// Chances in each unit, drawn from (seed of the member, unit).
    double nonfinite = 0;
    double exception = 0;
    double out_of_memory = 0;
    double device = 0;
};

/// Surfaces of path_surface.hpp: the state is the path, and test_loss is the loss without noise. The others: metrics
/// valid_loss, valid_accuracy (1 / (1 + loss)) and test_loss (held out). Path-dependent: the state is a hash
/// chain over every unit trained. The losses depend on it a little, so that a wrong or stale snapshot gives other
/// numbers.
std::unique_ptr<Trainer> make_toy_trainer(ToySettings settings, std::shared_ptr<const SearchSpace> space);

/// The metrics that it will report.
std::vector<MetricInfo> toy_metrics();

TrainerDescriptor toy_descriptor();

}  // namespace stemma
