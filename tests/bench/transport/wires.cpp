// Speed of the wires, measured in one run:
//   1. worker to worker bandwidth of snapshots, ping-pong, 1 kB .. 4 GB, medians, four ways:
//        raw         MPI_Isend/MPI_Irecv into one buffer that is used again and again
//        raw fresh   the same into a new buffer each time
//        endpoint    as in a search: each arrival in memory of its own, which is freed before the next arrival
//        cold        the same without memory kept from earlier snapshots: the first snapshot of a size
//        paused      as endpoint, with the pauses that a worker makes between its polls
//      and, with --tcp, over a plain TCP connection into one buffer;
//   2. round trip of a control message;
//   3. processor time of a rank that has nothing to do.
//
//   mpirun -n 2 bench_transport_wires [--min BYTES] [--max BYTES] [--factor STEP] [--chunk BYTES] [--in-flight CHUNKS]
//       [--tcp RANK 0'S ADDRESS]
//
// The largest size takes four times its bytes of memory: 16 GB for the default of 4 GB.

#include <mpi.h>
#include <sys/resource.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "bench/transport/tcp_wire.hpp"
#include "transport/mpi/mpi_endpoint.hpp"
#include "transport/mpi/mpi_session.hpp"
#include "transport/waiting.hpp"

namespace {

using namespace stemma;

double median(std::vector<double> values) {
    std::sort(values.begin(), values.end());
    return values[values.size() / 2];
}

struct Options {
    std::size_t min_bytes = 1024;
    std::size_t max_bytes = std::size_t{1} << 32U;
    std::size_t factor = 4;
    std::string tcp;
    MpiEndpointSettings endpoint;
};

/// The ways are measured in turn, several times over, so that other load on the machine affects all of them alike.
constexpr int turns = 5;

int rounds_of(std::size_t bytes) {
    return static_cast<int>(std::clamp<std::size_t>((std::size_t{1} << 26U) / bytes, 1, 101));
}

int turns_of(std::size_t bytes) { return bytes > std::size_t{1} << 29U ? 3 : turns; }

using Buffer = std::unique_ptr<std::byte[]>;

Buffer new_buffer(std::size_t bytes) { return std::make_unique_for_overwrite<std::byte[]>(bytes); }

/// Counts are int: larger buffers travel as pieces of 1 GiB.
void each_piece(std::size_t bytes, const auto& start) {
    constexpr std::size_t piece = std::size_t{1} << 30U;
    std::vector<MPI_Request> requests;
    for (std::size_t at = 0; at < bytes; at += piece) {
        start(at, static_cast<int>(std::min(piece, bytes - at)), &requests.emplace_back(MPI_REQUEST_NULL));
    }
    MPI_Waitall(static_cast<int>(requests.size()), requests.data(), MPI_STATUSES_IGNORE);
}

void raw_send(std::span<const std::byte> content, int to) {
    each_piece(content.size(), [&](std::size_t at, int count, MPI_Request* request) {
        MPI_Isend(content.data() + at, count, MPI_BYTE, to, 5, MPI_COMM_WORLD, request);
    });
}

void raw_receive(std::byte* into, std::size_t bytes, int from) {
    each_piece(bytes, [&](std::size_t at, int count, MPI_Request* request) {
        MPI_Irecv(into + at, count, MPI_BYTE, from, 5, MPI_COMM_WORLD, request);
    });
}

/// If `warm`, one round before those that count.
void measure(std::size_t bytes, bool warm, std::vector<double>& times, const auto& round) {
    for (int i = warm ? -1 : 0; i < rounds_of(bytes); ++i) {
        const auto before = MPI_Wtime();
        round();
        if (i >= 0) times.push_back(MPI_Wtime() - before);
    }
}

void raw_rounds(int rank, const Bytes& content, bool fresh, std::vector<double>& times) {
    const auto bytes = content.size();
    auto buffer = fresh ? nullptr : new_buffer(bytes);
    measure(bytes, !fresh, times, [&] {
        if (rank == 0) raw_send(content, 1);
        if (fresh) buffer = new_buffer(bytes);
        raw_receive(buffer.get(), bytes, 1 - rank);
        if (fresh) buffer = nullptr;
        if (rank == 1) raw_send(content, 0);
    });
}

void tcp_rounds(int rank, TcpWire& wire, const Bytes& content, std::vector<double>& times) {
    const auto buffer = new_buffer(content.size());
    measure(content.size(), true, times, [&] {
        if (rank == 0) wire.send(content);
        wire.receive({buffer.get(), content.size()});
        if (rank == 1) wire.send(content);
    });
}

template <class T>
T next(Endpoint& endpoint, bool paused = false) {
    Waiting waiting(endpoint);
    for (;;) {
        auto arrival = endpoint.poll();
        if (!arrival) {
            if (paused) waiting.wait();
            continue;
        }
        if (auto* wanted = std::get_if<T>(&*arrival)) return std::move(*wanted);
    }
}

enum class Way : std::uint8_t { warm, cold, paused };

void endpoint_rounds(Endpoint& endpoint, const std::shared_ptr<const Bytes>& content, Way way, std::uint64_t& transfer,
                     std::vector<double>& times) {
    const auto rank = endpoint.rank();
    measure(content->size(), way != Way::cold, times, [&] {
        const auto there = TransferId{transfer++};
        const auto back = TransferId{transfer++};
        if (way == Way::cold) drop_kept_large_blocks();
        if (rank == 0) endpoint.send_bulk(1, there, content);
        endpoint.receive_bulk(1 - rank, rank == 0 ? back : there, content->size());
        next<BulkArrived>(endpoint, way == Way::paused);
        if (rank == 1) endpoint.send_bulk(0, back, content);
        while (!endpoint.idle()) endpoint.poll();
    });
}

void tell_bandwidth(Endpoint& endpoint, std::optional<TcpWire>& wire, std::size_t bytes, std::uint64_t& transfer) {
    const auto content = std::make_shared<const Bytes>(bytes, std::byte{1});
    std::vector<double> raw;
    std::vector<double> fresh;
    std::vector<double> ours;
    std::vector<double> cold;
    std::vector<double> paused;
    std::vector<double> tcp;
    for (int turn = 0; turn < turns_of(bytes); ++turn) {
        drop_kept_large_blocks();  // the raw ways need that memory for the largest sizes
        raw_rounds(endpoint.rank(), *content, false, raw);
        endpoint_rounds(endpoint, content, Way::warm, transfer, ours);
        endpoint_rounds(endpoint, content, Way::paused, transfer, paused);
        if (wire) tcp_rounds(endpoint.rank(), *wire, *content, tcp);
        if (turn > 0 && turns_of(bytes) < turns) continue;  // page faults take most of a minute at 4 GB
        drop_kept_large_blocks();
        raw_rounds(endpoint.rank(), *content, true, fresh);
        endpoint_rounds(endpoint, content, Way::cold, transfer, cold);
    }
    if (endpoint.rank() != 0) return;
    const auto speed = [&](const std::vector<double>& times) {
        return 2e-6 * static_cast<double>(bytes) / median(times);
    };
    std::printf("%12zu %10.0f %10.0f %10.0f %10.0f %9.2f %11.2f %10.0f", bytes, speed(raw), speed(ours), speed(fresh),
                speed(cold), speed(ours) / speed(raw), speed(cold) / speed(fresh), speed(paused));
    if (wire) std::printf(" %10.0f", speed(tcp));
    std::printf("\n");
    std::fflush(stdout);
}

double frame_round_trip(Endpoint& endpoint) {
    std::vector<double> times;
    for (int i = 0; i < 2001; ++i) {
        const auto before = MPI_Wtime();
        if (endpoint.rank() == 0) endpoint.send(1, Bytes(200, std::byte{0}));
        next<FramesArrived>(endpoint);
        if (endpoint.rank() == 1) endpoint.send(0, Bytes(200, std::byte{0}));
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

bool read_options(int argc, char** argv, Options& options) {
    for (int i = 1; i + 1 < argc; i += 2) {
        const std::string_view name = argv[i];
        if (name == "--tcp") {
            options.tcp = argv[i + 1];
            continue;
        }
        const auto value = static_cast<std::size_t>(std::strtoull(argv[i + 1], nullptr, 10));
        auto* const place = name == "--min"         ? &options.min_bytes
                            : name == "--max"       ? &options.max_bytes
                            : name == "--factor"    ? &options.factor
                            : name == "--chunk"     ? &options.endpoint.chunk_bytes
                            : name == "--in-flight" ? &options.endpoint.chunks_in_flight
                                                    : nullptr;
        if (place == nullptr || value == 0) return false;
        *place = value;
    }
    return argc % 2 == 1 && options.factor > 1;
}

}  // namespace

int main(int argc, char** argv) {
    MpiSession session(argc, argv);
    Options options;
    if (session.size() != 2 || !read_options(argc, argv, options)) {
        std::fprintf(stderr,
                     "mpirun -n 2 %s [--min BYTES] [--max BYTES] [--factor STEP] [--chunk BYTES] "
                     "[--in-flight CHUNKS] [--tcp ADDRESS]\n",
                     argv[0]);
        return 2;
    }
    const auto endpoint = make_mpi_endpoint(options.endpoint);
    const bool tell = session.rank() == 0;
    if (tell) {
        std::printf("MB/s\n%12s %10s %10s %10s %10s %9s %11s %10s %10s\n", "bytes", "raw", "endpoint", "raw fresh",
                    "cold", "ratio", "ratio cold", "paused", options.tcp.empty() ? "" : "TCP");
    }
    std::optional<TcpWire> wire;
    if (!options.tcp.empty()) wire.emplace(session.rank(), options.tcp);
    std::uint64_t transfer = 0;
    for (auto bytes = options.min_bytes; bytes <= options.max_bytes; bytes *= options.factor) {
        tell_bandwidth(*endpoint, wire, bytes, transfer);
    }
    std::vector<double> raw;
    for (int i = 0; i < 20; ++i) raw_rounds(session.rank(), Bytes(200, std::byte{1}), false, raw);
    const auto frame = frame_round_trip(*endpoint);
    if (tell) std::printf("round trip of 200 bytes: raw %.2f us, endpoint %.2f us\n", 1e6 * median(raw), 1e6 * frame);
    const auto idle = idle_share(*endpoint, 5);
    std::printf("rank %d idle: %.2f %% of a core\n", session.rank(), 100 * idle);
    MPI_Barrier(MPI_COMM_WORLD);
    return 0;
}
