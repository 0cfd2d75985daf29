#pragma once
#include <cstdint>
#include <memory>

#include "scheduler/scheduler.hpp"

namespace stemma {

/// Any scheduler without genealogies (not PBT or GPBT), with each configuration trained `repeats` times from different
/// seeds and ranked by the mean objective (infinite if one is not finite). `inner` sees groups as its members. A group
/// whose member is given up is given up whole: a mean of fewer seeds is not comparable. `inner` is returned as it is
/// for repeats == 1. O(1) more an event.
std::unique_ptr<Scheduler> make_repeated(std::unique_ptr<Scheduler> inner, std::uint32_t repeats);

}  // namespace stemma
