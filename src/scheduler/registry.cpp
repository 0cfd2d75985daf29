// All schedulers by name.
#include "scheduler/asha.hpp"
#include "scheduler/fixed_schedule.hpp"
#include "scheduler/gpbt.hpp"
#include "scheduler/hyperband.hpp"
#include "scheduler/pasha.hpp"
#include "scheduler/pbt.hpp"
#include "scheduler/random_search.hpp"
#include "scheduler/sha.hpp"

namespace stemma {

const std::vector<SchedulerDescriptor>& schedulers() {
    static const std::vector<SchedulerDescriptor> all{
        random_search_descriptor(),  grid_search_descriptor(),    sha_descriptor(),
        hyperband_descriptor(),      asha_descriptor(),           asha_stopping_descriptor(),
        asha_hyperband_descriptor(), pasha_descriptor(),          pbt_descriptor(),
        gpbt_descriptor(),           fixed_schedule_descriptor(),
    };
    return all;
}

}  // namespace stemma
