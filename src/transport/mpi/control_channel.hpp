#pragma once
// Frames over MPI: a ring of receives posted beforehand, blocks to one rank coalesced.

#include <mpi.h>

#include <boost/mpi/communicator.hpp>
#include <deque>
#include <map>
#include <vector>

#include "transport/endpoint.hpp"
#include "transport/mpi/wakeups.hpp"

namespace stemma {

class ControlChannel {
public:
    ControlChannel(const boost::mpi::communicator& communicator, Wakeups& wakeups, std::size_t receives);
    /// Cancels the posted receives. Sends in flight are left to MPI.
    ~ControlChannel();
    ControlChannel(const ControlChannel&) = delete;
    ControlChannel& operator=(const ControlChannel&) = delete;

    void send(int to, Bytes frames);
    /// Hands waiting blocks to MPI, within its bound on blocks in flight.
    void launch();
    /// Tests what is in flight, hands over what waits, and appends what has arrived.
    void progress(std::deque<Arrival>& arrivals);
    bool idle() const { return waiting_.empty() && sends_.empty(); }

private:
    /// Blocks to one rank that wait for MPI, and counts of blocks in flight and sent.
    struct Outbox {
        std::deque<Bytes> blocks;
        std::uint64_t sent = 0;
        int in_flight = 0;
    };
    /// Blocks of one rank that arrived before an earlier block was complete.
    struct Inbox {
        std::uint64_t delivered = 0;
        std::map<std::uint64_t, Bytes> early;
    };
    struct Sending {
        int to = 0;
        Bytes block;
    };

    void post(std::size_t slot);
    bool launch_to(int to);
    void finish_sends(std::deque<Arrival>& arrivals);
    void take_receives(std::deque<Arrival>& arrivals);
    void accept(int from, Bytes block, std::deque<Arrival>& arrivals);
    void gone(int peer, std::deque<Arrival>& arrivals);

    const boost::mpi::communicator& communicator_;
    Wakeups& wakeups_;
    std::vector<Outbox> outboxes_;
    std::vector<Inbox> inboxes_;
    std::vector<bool> gone_;
    std::vector<int> died_;     ///< acknowledged, but not yet reported
    std::vector<int> waiting_;  ///< ranks whose outbox is not empty
    std::vector<MPI_Request> send_requests_;
    std::vector<Sending> sends_;  ///< beside send_requests_
    std::vector<Bytes> buffers_;
    std::vector<MPI_Request> receives_;
    std::vector<int> indices_;
    std::vector<MPI_Status> statuses_;
};

}  // namespace stemma
