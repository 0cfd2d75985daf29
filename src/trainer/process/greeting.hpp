#pragma once
// The first words of the processes.

#include "trainer/process/child_group.hpp"
#include "trainer/process/messages.hpp"
#include "trainer/process/process_trainer.hpp"

namespace stemma {

/// Waits for the hello of each process and answers it. Where the program is a launcher, its processes come to the door
/// of the group. Returns the hello of process 0. Throws ProtocolError with what went wrong.
ChildHello greet(const ProcessSettings& settings, ChildGroup& group);

}  // namespace stemma
