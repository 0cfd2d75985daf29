#pragma once
// All schedulers by name.

#include <string_view>
#include <vector>

#include "scheduler/descriptor.hpp"

namespace stemma {

/// In the order of lists.
const std::vector<SchedulerDescriptor>& schedulers();

/// The scheduler of that name. An unknown name is a bug: the key scheduler.type has been checked.
const SchedulerDescriptor& scheduler_named(std::string_view name);

}  // namespace stemma
