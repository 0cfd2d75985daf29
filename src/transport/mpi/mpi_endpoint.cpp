#include "transport/mpi/mpi_endpoint.hpp"

#include <boost/mpi/communicator.hpp>
#include <boost/mpi/environment.hpp>
#include <deque>
#include <utility>

#include "core/error.hpp"
#include "transport/mpi/bulk_channel.hpp"
#include "transport/mpi/control_channel.hpp"
#include "transport/mpi/requests.hpp"
#include "transport/mpi/wakeups.hpp"

namespace stemma {
namespace {

// Attached, not owned: freeing a communicator is a collective call, and MPI_Finalize frees it anyway.
boost::mpi::communicator duplicate_of_world() {
    MPI_Comm copy = MPI_COMM_NULL;
    mpi_detail::check(MPI_Comm_dup(MPI_COMM_WORLD, &copy), "MPI_Comm_dup");
    return {copy, boost::mpi::comm_attach};
}

class MpiEndpoint final : public Endpoint {
public:
    explicit MpiEndpoint(const MpiEndpointSettings& settings)
        : communicator_(duplicate_of_world()),
          wakeups_(communicator_),
          control_(communicator_, wakeups_, settings.receives_posted),
          bulk_(communicator_, wakeups_, settings) {}

    int rank() const override { return communicator_.rank(); }
    int size() const override { return communicator_.size(); }
    void send(int to, Bytes frames) override { control_.send(to, std::move(frames)); }
    void send_bulk(int to, TransferId transfer, std::shared_ptr<const Bytes> content) override {
        bulk_.send(to, transfer, std::move(content));
    }
    void receive_bulk(int from, TransferId transfer, std::uint64_t bytes) override {
        bulk_.receive(from, transfer, bytes);
    }
    void abandon_bulk(TransferId transfer) override {
        bulk_.abandon(transfer);
        std::erase_if(arrivals_, [transfer](const Arrival& arrival) { return is_about(arrival, transfer); });
    }
    std::optional<Arrival> poll() override {
        control_.launch();
        if (arrivals_.empty()) {
            control_.progress(arrivals_);
            bulk_.progress(arrivals_);
        }
        std::optional<Arrival> arrival;
        if (arrivals_.empty()) return arrival;
        arrival.emplace(std::move(arrivals_.front()));
        arrivals_.pop_front();
        return arrival;
    }
    bool moving() const override { return bulk_.moving(); }
    bool idle() const override { return control_.idle() && bulk_.idle(); }
    Wakeup& wakeup() override { return wakeups_.own(); }
    bool all_wake() const override { return wakeups_.all_wake(); }

private:
    boost::mpi::communicator communicator_;
    std::deque<Arrival> arrivals_;
    Wakeups wakeups_;
    ControlChannel control_;
    BulkChannel bulk_;
};

}  // namespace

std::unique_ptr<Endpoint> make_mpi_endpoint(const MpiEndpointSettings& settings) {
    ensure(boost::mpi::environment::initialized() && !boost::mpi::environment::finalized(),
           "an MPI endpoint needs an MpiSession");
    return std::make_unique<MpiEndpoint>(settings);
}

}  // namespace stemma
