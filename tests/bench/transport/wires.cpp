// What the wires do, measured in one run:
//   1. worker to worker bandwidth of snapshots through the endpoint against raw MPI_Isend/MPI_Irecv, 1 kB .. 256 MB,
//      ping-pong, medians; the endpoint allocates each arrival anew, as the search does, raw MPI reuses its buffer;
//   2. round trip of a control message;
//   3. processor time of a rank that has nothing to do.
// mpirun -n 2 bench_transport_wires

#include <mpi.h>
#include <sys/resource.h>

#include <algorithm>
#include <cstdio>
#include <vector>

#include "transport/backoff.hpp"
#include "transport/mpi/mpi_endpoint.hpp"
#include "transport/mpi/mpi_session.hpp"

namespace {

using namespace stemma;

double median(std::vector<double> values) {
    std::sort(values.begin(), values.end());
    return values[values.size() / 2];
}

int rounds_of(std::size_t bytes) {
    return static_cast<int>(std::clamp<std::size_t>((std::size_t{1} << 28U) / bytes, 7, 501));
}

double raw_round_trip(int rank, std::size_t bytes) {
    static std::vector<char> out(std::size_t{1} << 28U, 1);
    static std::vector<char> in(std::size_t{1} << 28U, 1);
    std::vector<double> times;
    for (int i = 0; i < rounds_of(bytes); ++i) {
        const auto before = MPI_Wtime();
        MPI_Request request = MPI_REQUEST_NULL;
        const auto send = [&] {
            MPI_Isend(out.data(), static_cast<int>(bytes), MPI_BYTE, 1 - rank, 5, MPI_COMM_WORLD, &request);
            MPI_Wait(&request, MPI_STATUS_IGNORE);
        };
        if (rank == 0) send();
        MPI_Irecv(in.data(), static_cast<int>(bytes), MPI_BYTE, 1 - rank, 5, MPI_COMM_WORLD, &request);
        MPI_Wait(&request, MPI_STATUS_IGNORE);
        if (rank == 1) send();
        times.push_back(MPI_Wtime() - before);
    }
    return median(times);
}

template <class T>
T next(Endpoint& endpoint) {
    for (;;) {
        auto arrival = endpoint.poll();
        if (!arrival) continue;
        if (auto* wanted = std::get_if<T>(&*arrival)) return std::move(*wanted);
    }
}

double bulk_round_trip(Endpoint& endpoint, std::size_t bytes, std::uint64_t& transfer) {
    const auto content = std::make_shared<const Bytes>(bytes, std::byte{1});
    const auto rank = endpoint.rank();
    std::vector<double> times;
    for (int i = 0; i < rounds_of(bytes); ++i) {
        const auto there = TransferId{transfer++};
        const auto back = TransferId{transfer++};
        const auto before = MPI_Wtime();
        if (rank == 0) endpoint.send_bulk(1, there, content);
        endpoint.receive_bulk(1 - rank, rank == 0 ? back : there, bytes);
        next<BulkArrived>(endpoint);
        if (rank == 1) endpoint.send_bulk(0, back, content);
        times.push_back(MPI_Wtime() - before);
        while (!endpoint.idle()) endpoint.poll();
    }
    return median(times);
}

double frame_round_trip(Endpoint& endpoint) {
    std::vector<double> times;
    for (int i = 0; i < 2001; ++i) {
        const auto before = MPI_Wtime();
        if (endpoint.rank() == 0) endpoint.send(1, Bytes(200));
        next<FramesArrived>(endpoint);
        if (endpoint.rank() == 1) endpoint.send(0, Bytes(200));
        times.push_back(MPI_Wtime() - before);
    }
    while (!endpoint.idle()) endpoint.poll();
    return median(times);
}

double cpu_seconds() {
    rusage usage{};
    getrusage(RUSAGE_SELF, &usage);
    const auto seconds = [](const timeval& t) {
        return static_cast<double>(t.tv_sec) + 1e-6 * static_cast<double>(t.tv_usec);
    };
    return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

/// Fraction of a core that polling with back-off takes.
double idle_share(Endpoint& endpoint, double seconds) {
    IdleBackoff backoff;
    const auto cpu = cpu_seconds();
    const auto begun = MPI_Wtime();
    while (MPI_Wtime() - begun < seconds) {
        endpoint.poll();
        backoff.wait();
    }
    return (cpu_seconds() - cpu) / (MPI_Wtime() - begun);
}

}  // namespace

int main(int argc, char** argv) {
    MpiSession session(argc, argv);
    if (session.size() != 2) {
        std::fprintf(stderr, "start it with two ranks: mpirun -n 2 %s\n", argv[0]);
        return 2;
    }
    const auto endpoint = make_mpi_endpoint();
    const bool tell = session.rank() == 0;
    if (tell) std::printf("%12s %14s %14s %8s\n", "bytes", "raw MB/s", "endpoint MB/s", "ratio");
    std::uint64_t transfer = 0;
    for (std::size_t bytes = 1024; bytes <= std::size_t{1} << 28U; bytes *= 4) {
        const auto raw = raw_round_trip(session.rank(), bytes);
        const auto ours = bulk_round_trip(*endpoint, bytes, transfer);
        const auto speed = [&](double time) { return 2e-6 * static_cast<double>(bytes) / time; };
        if (tell) std::printf("%12zu %14.0f %14.0f %8.2f\n", bytes, speed(raw), speed(ours), raw / ours);
    }
    const auto raw = raw_round_trip(session.rank(), 200);
    const auto frame = frame_round_trip(*endpoint);
    if (tell) std::printf("round trip of 200 bytes: raw %.2f us, endpoint %.2f us\n", 1e6 * raw, 1e6 * frame);
    const auto idle = idle_share(*endpoint, 5);
    std::printf("rank %d idle: %.2f %% of a core\n", session.rank(), 100 * idle);
    MPI_Barrier(MPI_COMM_WORLD);
    return 0;
}
