#pragma once
// Shared by the simulated studies: a search space, analytic learning curves over it, and one way to run a search.

#include <memory>
#include <string>
#include <vector>

#include "manager/manager.hpp"
#include "record/journal.hpp"
#include "simulator/simulator.hpp"

namespace stemma::study {

/// name: random, sha (one bracket, workers wait), sha_more_brackets (idle workers begin another bracket), hyperband,
/// asha, asha_stopping, asha_hyperband; rungs min eta^k <= max; `members` is sha's n.
std::unique_ptr<Scheduler> make_scheduler(const std::string& name, std::uint32_t eta, Resource min, Resource max,
                                          std::uint64_t members, std::uint64_t seed);

/// Three hyperparameters. The loss falls as a power of the resource towards an asymptote. Both depend on the
/// configuration, so that curves cross: a fast start does not mean a good end.
LearningCurve surface();
std::shared_ptr<const SearchSpace> space();
/// The loss at `resource` that a share `quantile` of all configurations reaches.
double loss_quantile(Resource resource, double quantile);

struct Search {
    std::string scheduler = "asha";
    std::uint32_t eta = 4;
    Resource min = 1;
    Resource max = 256;
    std::uint64_t sha_members = 256;
    ManagerSettings manager;
    SimulationSettings machine;
};

/// Runs until the budget, machine.max_seconds, or the scheduler's end. A scheduler that ends (one SHA bracket, one pass
/// of Hyperband) is started again with another seed while there is time. The results are summed.
SimulationResult run(Search search);

/// Linear interpolation between order statistics; infinity counts as a value. `values` not empty.
double quantile(std::vector<double> values, double q);

}  // namespace stemma::study
