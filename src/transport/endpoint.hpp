#pragma once
// The transport of one rank. Control frames are ordered per pair of ranks. Snapshots travel beside them in chunks, from
// worker to worker. Implementations: loopback (threads of one process), mpi (Boost.MPI).

#include <cstdint>
#include <memory>
#include <optional>
#include <variant>

#include "core/bytes.hpp"
#include "core/ids.hpp"
#include "transport/wakeup.hpp"

namespace stemma {

/// Frames from a peer, at least one, as encode() made them.
struct FramesArrived {
    int from = 0;
    Bytes frames;
};
/// A bulk receive is complete.
struct BulkArrived {
    TransferId transfer;
    Bytes content;
};
/// A bulk send is complete: its memory is no longer used.
struct BulkSent {
    TransferId transfer;
};
/// The peer is known to be gone. Only a transport that notices at once says so, such as ULFM; MPI 4.1 never does.
struct PeerGone {
    int peer = 0;
};
using Arrival = std::variant<FramesArrived, BulkArrived, BulkSent, PeerGone>;

/// True if `arrival` is the end of this bulk transfer, at either side.
inline bool is_about(const Arrival& arrival, TransferId transfer) {
    const auto* arrived = std::get_if<BulkArrived>(&arrival);
    const auto* sent = std::get_if<BulkSent>(&arrival);
    return (arrived != nullptr && arrived->transfer == transfer) || (sent != nullptr && sent->transfer == transfer);
}

/// Contract (tests/contract/endpoint/endpoint_suite.hpp): all calls come from one thread; nothing blocks; frames
/// between two ranks arrive once and in order; a bulk transfer of any size (0 bytes, > 2 GiB) arrives whole.
class Endpoint {
public:
    virtual ~Endpoint() = default;
    virtual int rank() const = 0;  ///< 0 = manager
    virtual int size() const = 0;
    /// Queues frames for `to`, at most frame_bytes_max. Sent by the next poll() at the latest.
    virtual void send(int to, Bytes frames) = 0;
    /// Sends `content` to `to`, in order of request. Keeps `content` alive until BulkSent.
    virtual void send_bulk(int to, TransferId transfer, std::shared_ptr<const Bytes> content) = 0;
    /// Prepares to receive exactly `bytes` of `transfer` from `from`. A sender that does not have the content sends
    /// zero bytes, and BulkArrived is then empty. An abandoned transfer may also end with an empty BulkArrived.
    virtual void receive_bulk(int from, TransferId transfer, std::uint64_t bytes) = 0;
    /// Abandons a transfer in either direction. No BulkArrived or BulkSent follows for it.
    virtual void abandon_bulk(TransferId transfer) = 0;
    /// Makes progress and returns the next arrival, if any. Costs microseconds.
    virtual std::optional<Arrival> poll() = 0;
    /// True while a bulk transfer is in progress. It proceeds in poll() only: poll again soon.
    virtual bool moving() const = 0;
    /// True when everything that was sent has left this rank.
    virtual bool idle() const = 0;
    /// What the owner's thread sleeps on. Ranks that share memory with this one call it after each send. Other threads
    /// of this rank may call it too.
    virtual Wakeup& wakeup() = 0;
    /// True if every other rank does. Else this rank has to poll() for what the others send.
    virtual bool all_wake() const = 0;
};

}  // namespace stemma
