#pragma once
// Snapshots over MPI: chunks of bounded size (MPI counts are int), a few of each transfer in flight.

#include <mpi.h>

#include <boost/mpi/communicator.hpp>
#include <deque>
#include <map>
#include <memory>
#include <vector>

#include "transport/endpoint.hpp"
#include "transport/mpi/mpi_endpoint.hpp"

namespace stemma {

class BulkChannel {
public:
    BulkChannel(const boost::mpi::communicator& communicator, const MpiEndpointSettings& settings);
    ~BulkChannel();
    BulkChannel(const BulkChannel&) = delete;
    BulkChannel& operator=(const BulkChannel&) = delete;

    void send(int to, TransferId transfer, std::shared_ptr<const Bytes> content);
    void receive(int from, TransferId transfer, std::uint64_t bytes);
    void abandon(TransferId transfer);
    void progress(std::deque<Arrival>& arrivals);
    bool idle() const { return sends_.empty(); }

private:
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
        Flow flow;
        std::shared_ptr<const Bytes> content;
    };
    struct Receiving {
        Flow flow;
        Bytes content;
    };
    enum class Outcome : std::uint8_t { under_way, complete, absent, failed };
    /// Abandoned while MPI may still touch its memory.
    struct Left {
        std::deque<MPI_Request> requests;
        std::shared_ptr<const Bytes> sent;
        Bytes received;
    };

    Flow make_flow(int peer, TransferId transfer, std::uint64_t bytes) const;
    bool start(Sending& sending);
    bool start(Receiving& receiving);
    static Outcome advance(Flow& flow, bool receiving);
    void clear_up();

    const boost::mpi::communicator& communicator_;
    MpiEndpointSettings settings_;
    int tags_ = 0;
    std::map<TransferId, Sending> sends_;
    std::map<TransferId, Receiving> receives_;
    std::vector<Left> left_;
};

}  // namespace stemma
