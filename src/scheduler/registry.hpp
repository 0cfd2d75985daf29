#pragma once
// All schedulers by name.

#include <string_view>
#include <vector>

#include "scheduler/descriptor.hpp"

namespace stemma {

/// In the order in which lists show them.
const std::vector<SchedulerDescriptor>& schedulers();

/// The one of that name. A name that is none is a bug: the key scheduler.type has been checked.
const SchedulerDescriptor& scheduler_named(std::string_view name);

}  // namespace stemma
