#pragma once
// Frames over MPI: a ring of receives posted beforehand, blocks to one rank coalesced.

#include <mpi.h>

#include <boost/mpi/communicator.hpp>
#include <deque>
#include <map>
#include <vector>

#include "transport/endpoint.hpp"

namespace stemma {

class ControlChannel {
public:
    ControlChannel(const boost::mpi::communicator& communicator, std::size_t receives);
    /// Takes the posted receives back; sends still under way are left to MPI.
    ~ControlChannel();
    ControlChannel(const ControlChannel&) = delete;
    ControlChannel& operator=(const ControlChannel&) = delete;

    void send(int to, Bytes frames);
    /// Hands to MPI what waits, as far as its bound on blocks under way allows.
    void launch();
    /// Looks at what is under way, hands over what waits, appends what has come.
    void progress(std::deque<Arrival>& arrivals);
    bool idle() const { return waiting_.empty() && sends_.empty(); }

private:
    /// Blocks to one rank that have not been handed to MPI, and how many have been.
    struct Outbox {
        std::deque<Bytes> blocks;
        std::uint64_t sent = 0;
        int in_flight = 0;
    };
    /// Blocks of one rank that came before an earlier one was complete.
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
    std::vector<Outbox> outboxes_;
    std::vector<Inbox> inboxes_;
    std::vector<bool> gone_;
    std::vector<int> died_;     ///< acknowledged, but not yet told
    std::vector<int> waiting_;  ///< ranks whose outbox is not empty
    std::vector<MPI_Request> send_requests_;
    std::vector<Sending> sends_;  ///< beside send_requests_
    std::vector<Bytes> buffers_;
    std::vector<MPI_Request> receives_;
    std::vector<int> indices_;
    std::vector<MPI_Status> statuses_;
};

}  // namespace stemma
