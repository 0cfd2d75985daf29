#pragma once
// Effects of the search, translated to messages to workers, and sent as few large frames as possible.

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "manager/manager.hpp"
#include "transport/endpoint.hpp"
#include "transport/packing.hpp"

namespace stemma {

struct Addressed {
    WorkerId worker;
    message::ToWorker message;
};
/// The message that an effect of `manager` calls for; nothing for an effect that is not for a worker. `peers_lost`: see
/// Leave.
std::optional<Addressed> to_message(const Effect& effect, const Manager& manager, bool peers_lost);

class Outbox {
public:
    Outbox(Endpoint& endpoint, std::uint64_t run_id);

    /// Queues the messages that `effects` require. Nothing leaves before flush().
    void add(std::span<const Effect> effects, const Manager& manager);
    void add(WorkerId worker, const message::ToWorker& message);
    /// From now on, workers that are told to leave are also told that a rank is gone.
    void peers_lost() { peers_lost_ = true; }
    /// Sends the queued messages. Call it only after the inputs behind them were committed.
    void flush();

private:
    std::vector<FramePacker> packers_;  ///< one for each worker
    bool peers_lost_ = false;
    std::vector<std::size_t> touched_;  ///< packers with something to send
};

}  // namespace stemma
