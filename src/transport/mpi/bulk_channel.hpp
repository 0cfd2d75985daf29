#pragma once
// Snapshots over MPI: chunks of bounded size (MPI counts are int), a few chunks of each transfer in flight.
//
// A rank sends two transfers at a time, in order of request. So k receivers of one snapshot have it after 1, 2, .. k
// times the time of a transfer. All at once, each receiver would wait for nearly k times that time. A transfer that its
// receiver does not take is passed over. Receives are all posted at once. No receive waits for a send of its own rank,
// so that two ranks that send to each other cannot deadlock.
//
// A sender that abandons a transfer ends it with an empty chunk. A receiver that abandons a transfer takes and drops
// what still comes until that chunk. Otherwise the chunks in flight would never complete, and the sender's snapshot
// would stay in memory to the end of the run. (Open MPI 4.1: a send above the eager limit waits for its receive and
// cannot be canceled.)

#include <mpi.h>

#include <boost/mpi/communicator.hpp>
#include <chrono>
#include <deque>
#include <map>
#include <memory>
#include <vector>

#include "transport/endpoint.hpp"
#include "transport/mpi/mpi_endpoint.hpp"
#include "transport/mpi/wakeups.hpp"

namespace stemma {

class BulkChannel {
public:
    BulkChannel(const boost::mpi::communicator& communicator, Wakeups& wakeups, const MpiEndpointSettings& settings);
    ~BulkChannel();
    BulkChannel(const BulkChannel&) = delete;
    BulkChannel& operator=(const BulkChannel&) = delete;

    void send(int to, TransferId transfer, std::shared_ptr<const Bytes> content);
    void receive(int from, TransferId transfer, std::uint64_t bytes);
    void abandon(TransferId transfer);
    void progress(std::deque<Arrival>& arrivals);
    /// True while a transfer is in progress and not stalled.
    bool moving() const { return moving_; }
    bool idle() const { return sends_.empty(); }

private:
    using Clock = std::chrono::steady_clock;
    /// Chunks are started and end in order. `offset` counts the bytes of chunks that have been started.
    struct Flow {
        int peer = 0;
        int tag = 0;
        std::uint64_t bytes = 0;
        std::uint64_t offset = 0;
        std::uint64_t chunks_started = 0;
        std::uint64_t chunks = 0;
        std::deque<MPI_Request> requests;
    };
    struct Sending {
        TransferId transfer;
        Flow flow;
        std::shared_ptr<const Bytes> content;
        Clock::time_point moved;  ///< when the transfer was started, or when its last chunk ended
    };
    struct Receiving {
        Flow flow;
        Bytes content;
        Clock::time_point moved = Clock::now();
    };
    enum class Outcome : std::uint8_t { under_way, complete, absent, failed };
    /// Abandoned while MPI may still access its memory.
    struct Left {
        std::deque<MPI_Request> requests;
        std::shared_ptr<const Bytes> sent;
        Bytes received;
    };

    /// Abandoned by this rank. `chunks` of it may still come.
    struct Unwanted {
        int peer = 0;
        int tag = 0;
        std::uint64_t chunks = 0;
    };

    Flow make_flow(int peer, TransferId transfer, std::uint64_t bytes) const;
    void progress_sends(std::deque<Arrival>& arrivals);
    void progress_receives(std::deque<Arrival>& arrivals);
    std::vector<Sending>::iterator find_send(TransferId transfer);
    void abandon(Sending& sending);
    void abandon(Receiving& receiving, bool more_comes);
    /// Receives the remaining chunks of transfers that this rank abandoned.
    void take_unwanted();
    bool start(Sending& sending);
    bool start(Receiving& receiving);
    static Outcome advance(Flow& flow, bool receiving);
    void clear_up();

    const boost::mpi::communicator& communicator_;
    Wakeups& wakeups_;
    MpiEndpointSettings settings_;
    int tags_ = 0;
    bool moving_ = false;
    std::vector<Sending> sends_;  ///< in order of request
    std::map<TransferId, Receiving> receives_;
    std::vector<Unwanted> unwanted_;
    std::vector<Left> left_;
};

}  // namespace stemma
