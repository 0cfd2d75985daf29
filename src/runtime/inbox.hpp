#pragma once
// Messages from workers, translated to inputs of the search.

#include <optional>

#include "manager/input.hpp"
#include "transport/messages.hpp"

namespace stemma {

/// The input that a message from `worker` stands for. Nothing for messages that are no input of the search (heartbeat,
/// progress, goodbye). Moves the message's parts.
std::optional<input::Body> to_input(WorkerId worker, message::ToManager&& message);

}  // namespace stemma
