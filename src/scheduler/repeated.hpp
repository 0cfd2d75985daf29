#pragma once
#include <cstdint>
#include <memory>

#include "scheduler/scheduler.hpp"

namespace stemma {

/// Any scheduler without genealogies (not PBT or GPBT), with each configuration trained `repeats` times from different
/// seeds. Configurations are ranked by the mean objective (infinite if one is not finite). `inner` sees groups as its
/// members. If a member is given up, its whole group is: a mean over fewer seeds is not comparable. For repeats == 1
/// `inner` is returned unchanged. Adds O(1) to each event.
std::unique_ptr<Scheduler> make_repeated(std::unique_ptr<Scheduler> inner, std::uint32_t repeats);

}  // namespace stemma
