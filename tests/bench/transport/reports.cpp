// Reports per second of the transport and the workers alone. Rank 0 answers each report with a drop and a lease, and
// the trainer does nothing.
//   mpirun -n 3 bench_transport_reports [LEASES_AHEAD [REPORTS]]

#include <cstdio>
#include <cstdlib>

#include <mpi.h>

#include "transport/backoff.hpp"
#include "transport/mpi/mpi_endpoint.hpp"
#include "transport/mpi/mpi_session.hpp"
#include "transport/packing.hpp"
#include "unit/worker/fakes.hpp"
#include "worker/worker_host.hpp"

namespace {

using namespace stemma;
constexpr std::uint64_t run_id = 9;

class Granter {
public:
    Granter(Endpoint& endpoint, std::uint64_t reports) : endpoint_(endpoint), reports_(reports) {
        for (int rank = 1; rank < endpoint.size(); ++rank) {
            packers_.emplace_back(endpoint, rank, run_id);
            unpackers_.emplace_back(run_id);
        }
    }

    double run(std::uint64_t ahead) {
        for (auto& packer : packers_) {
            for (std::uint64_t i = 0; i < ahead; ++i) grant(packer);
        }
        const auto begun = MPI_Wtime();
        IdleBackoff backoff;
        while (seen_ < reports_) {
            bool busy = false;
            while (auto arrival = endpoint_.poll()) {
                busy = true;
                take(std::get<FramesArrived>(*arrival));
            }
            for (auto& packer : packers_) packer.flush();
            if (busy) {
                backoff.active();
            } else {
                backoff.wait();
            }
        }
        const auto seconds = MPI_Wtime() - begun;
        for (auto& packer : packers_) {
            packer.add(message::ToWorker(message::Dismiss{}));
            packer.flush();
        }
        while (goodbyes_ < packers_.size()) {
            while (auto arrival = endpoint_.poll()) take(std::get<FramesArrived>(*arrival));
        }
        return seconds;
    }

private:
    void grant(FramePacker& packer) {
        if (granted_ == reports_) return;
        message::Train lease;
        lease.lease = {granted_};
        lease.member = {granted_};
        lease.to = 1;
        lease.configuration = {0.1, std::int64_t{3}, Choice{1}};
        ++granted_;
        packer.add(message::ToWorker(lease));
    }
    void take(const FramesArrived& block) {
        const auto worker = static_cast<std::size_t>(block.from - 1);
        for (std::span<const std::byte> rest(block.frames); !rest.empty();) {
            const auto message = unpackers_[worker].next_to_manager(rest);
            if (std::holds_alternative<message::Goodbye>(message)) ++goodbyes_;
            const auto* report = std::get_if<message::Report>(&message);
            if (report == nullptr) continue;
            ++seen_;
            packers_[worker].add(message::ToWorker(message::Drop{snapshot_of(report->lease)}));
            grant(packers_[worker]);
        }
    }

    Endpoint& endpoint_;
    std::uint64_t reports_;
    std::uint64_t granted_ = 0;
    std::uint64_t seen_ = 0;
    std::size_t goodbyes_ = 0;
    std::vector<FramePacker> packers_;
    std::vector<FrameUnpacker> unpackers_;
};

}  // namespace

int main(int argc, char** argv) {
    MpiSession session(argc, argv);
    const auto ahead = argc > 1 ? std::strtoull(argv[1], nullptr, 10) : 64;
    const auto reports = argc > 2 ? std::strtoull(argv[2], nullptr, 10) : 500'000;
    if (session.size() < 2) {
        std::fprintf(stderr, "start it with a worker or more: mpirun -n 3 %s\n", argv[0]);
        return 2;
    }
    const auto endpoint = make_mpi_endpoint();
    if (session.rank() == 0) {
        const auto seconds = Granter(*endpoint, reports).run(ahead);
        std::printf("%d workers, %llu leases ahead: %.0f reports/s\n", session.size() - 1,
                    static_cast<unsigned long long>(ahead), static_cast<double>(reports) / seconds);
        return 0;
    }
    testing::CountingTrainer trainer;
    testing::FilesInMemory files;
    WorkerHostSettings settings;
    settings.run_id = run_id;
    run_worker(*endpoint, trainer, std::make_shared<SearchSpace>(), settings, files);
    return 0;
}
