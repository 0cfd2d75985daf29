// One snapshot that several ranks need: how long until the last rank has it, and the cost for the donor's training.
//   at once    all from the donor, all at the same time
//   in turn    all from the donor, two at a time
//   tree       two from the donor, the others from these two (as the manager orders it for large snapshots)
//
//   mpirun -n 5 bench_transport_donor [BYTES]

#include <mpi.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <thread>
#include <vector>

#include "transport/mpi/mpi_endpoint.hpp"
#include "transport/mpi/mpi_session.hpp"
#include "transport/waiting.hpp"

namespace {

using namespace stemma;

constexpr int repeats = 9;
constexpr int at_once = 1000;  // sends of a rank: no limit

/// A loop that takes a core, as training does, and counts its rounds.
class Training {
public:
    explicit Training(bool here) {
        if (here) thread_ = std::jthread([this](const std::stop_token& stop) { work(stop); });
    }
    std::uint64_t rounds() const { return rounds_; }

private:
    void work(const std::stop_token& stop) {
        std::vector<float> values(1U << 16U, 1.0F);
        while (!stop.stop_requested()) {
            for (auto& value : values) value = 0.999F * value + 0.001F;
            ++rounds_;
        }
        if (std::isnan(values.front())) std::puts("");  // so that the loop is not optimized away
    }
    std::atomic<std::uint64_t> rounds_ = 0;
    std::jthread thread_;
};

/// The rank that sends to this receiver: the donor (rank 0), or an earlier receiver.
int sender_to(int receiver, bool tree) { return tree && receiver > 2 ? receiver - 2 : 0; }

/// Until this rank has nothing more to send, and rank 0 has a message from all receivers.
void share(Endpoint& endpoint, int receivers, bool tree, std::uint64_t first,
           const std::shared_ptr<const Bytes>& content) {
    const int me = endpoint.rank();
    if (me > receivers) return;
    const auto send_on = [&](const std::shared_ptr<const Bytes>& snapshot) {
        for (int to = 1; to <= receivers; ++to) {
            const TransferId transfer{first + static_cast<std::uint64_t>(to)};
            if (to != me && sender_to(to, tree) == me) endpoint.send_bulk(to, transfer, snapshot);
        }
    };
    if (me == 0) send_on(content);
    if (me > 0) {
        endpoint.receive_bulk(sender_to(me, tree), {first + static_cast<std::uint64_t>(me)}, content->size());
    }
    int heard = 0;
    bool received = me == 0;
    Waiting waiting(endpoint);
    while (!received || !endpoint.idle() || (me == 0 && heard < receivers)) {
        auto arrival = endpoint.poll();
        if (!arrival) {
            waiting.wait();
            continue;
        }
        waiting.active();
        if (std::holds_alternative<FramesArrived>(*arrival)) ++heard;
        if (auto* bulk = std::get_if<BulkArrived>(&*arrival)) {
            received = true;
            endpoint.send(0, Bytes(1, std::byte{1}));
            send_on(std::make_shared<const Bytes>(std::move(bulk->content)));
        }
    }
}

/// MPI's own barrier spins, which would take a core from the ranks that are measured.
void sleeping_barrier() {
    MPI_Request request = MPI_REQUEST_NULL;
    MPI_Ibarrier(MPI_COMM_WORLD, &request);
    for (int done = 0; done == 0; MPI_Test(&request, &done, MPI_STATUS_IGNORE)) {
        std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
}

struct Measured {
    std::vector<double> seconds;
    std::vector<double> pace;  ///< of the donor's training, undisturbed = 1
};

double median(std::vector<double> values) {
    std::sort(values.begin(), values.end());
    return values[values.size() / 2];
}

void measure(Endpoint& endpoint, int receivers, bool tree, std::uint64_t& transfer,
             const std::shared_ptr<const Bytes>& content, const Training& training, Measured& measured) {
    sleeping_barrier();
    const auto rate_of = [&](const auto& what) {
        const auto rounds = training.rounds();
        const auto begun = MPI_Wtime();
        what();
        const auto seconds = MPI_Wtime() - begun;
        return std::pair(seconds, static_cast<double>(training.rounds() - rounds) / seconds);
    };
    const auto alone = rate_of([] { std::this_thread::sleep_for(std::chrono::milliseconds(200)); });
    const auto [seconds, rate] = rate_of([&] { share(endpoint, receivers, tree, transfer, content); });
    transfer += static_cast<std::uint64_t>(endpoint.size());
    measured.seconds.push_back(seconds);
    measured.pace.push_back(rate / alone.second);
}

}  // namespace

int main(int argc, char** argv) {
    MpiSession session(argc, argv);
    const auto bytes = argc > 1 ? std::strtoull(argv[1], nullptr, 10) : 100'000'000ULL;
    if (session.size() < 2 || bytes == 0) {
        std::fprintf(stderr, "mpirun -n 5 %s [BYTES]\n", argv[0]);
        return 2;
    }
    const auto unlimited = make_mpi_endpoint({.sends_at_once = at_once});
    const auto in_turn = make_mpi_endpoint();
    const auto content = std::make_shared<const Bytes>(bytes, std::byte{1});
    const Training training(session.rank() == 0);
    std::uint64_t transfer = 0;
    if (session.rank() == 0) {
        std::printf("%9s %27s   %s\n%9s %8s %8s %8s    %8s %8s %8s\n", "receivers", "seconds until all have it",
                    "pace of the donor's training", "", "at once", "in turn", "tree", "at once", "in turn", "tree");
    }
    for (int receivers = 1; receivers < session.size(); receivers *= 2) {
        Measured all[3];
        for (int repeat = 0; repeat < repeats; ++repeat) {
            measure(*unlimited, receivers, false, transfer, content, training, all[0]);
            measure(*in_turn, receivers, false, transfer, content, training, all[1]);
            measure(*in_turn, receivers, true, transfer, content, training, all[2]);
        }
        if (session.rank() != 0) continue;
        std::printf("%9d %8.3f %8.3f %8.3f    %8.2f %8.2f %8.2f\n", receivers, median(all[0].seconds),
                    median(all[1].seconds), median(all[2].seconds), median(all[0].pace), median(all[1].pace),
                    median(all[2].pace));
        std::fflush(stdout);
    }
    sleeping_barrier();
    return 0;
}
