#include "transport/mpi/selfcheck.hpp"

#include <mpi.h>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <iterator>
#include <utility>

#include "transport/backoff.hpp"
#include "transport/mpi/requests.hpp"

namespace stemma {
namespace {

constexpr int ping_tag = 11;
constexpr int bulk_ping_tag = 12;
constexpr int clock_tag = 13;
constexpr int result_tag = 14;
constexpr int pings = 101;
constexpr int clock_pings = 20;
constexpr int bulk_rounds = 5;
constexpr std::uint64_t mib = std::uint64_t{1} << 20U;
constexpr std::uint64_t bulk_sizes[] = {1 * mib, 4 * mib, 16 * mib};
/// A size is skipped if the round trip of the size before took longer than this [s].
constexpr double slow_round_trip = 0.1;
/// What a link's first rank sends to rank 0: round trip, then bytes/s of each size (0: not tried).
constexpr int result_numbers = 1 + static_cast<int>(std::size(bulk_sizes));

double wall_clock() {
    return std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count();
}

double median(std::vector<double> values) {
    std::nth_element(values.begin(), values.begin() + std::ssize(values) / 2, values.end());
    return values[values.size() / 2];
}

/// Waits asleep: a rank that spins would disturb the measurements of other ranks.
void wait_asleep(MPI_Request& request) {
    IdleBackoff backoff;
    for (int done = 0; done == 0;) {
        mpi_detail::check(MPI_Test(&request, &done, MPI_STATUS_IGNORE), "MPI_Test");
        if (done == 0) backoff.wait();
    }
}

void receive_asleep(void* data, int bytes, int from, int tag, MPI_Comm comm) {
    MPI_Request request = MPI_REQUEST_NULL;
    mpi_detail::check(MPI_Irecv(data, bytes, MPI_BYTE, from, tag, comm, &request), "MPI_Irecv");
    wait_asleep(request);
}

class Check {
public:
    Check(MPI_Comm comm, const SelfCheckSettings& settings) : comm_(comm), settings_(settings) {
        MPI_Comm_rank(comm, &rank_);
        MPI_Comm_size(comm, &size_);
    }

    SelfCheck run(const std::string& host, const std::string& facts) {
        const auto begun = MPI_Wtime();
        const auto hosts = gather(host);
        const auto all_facts = gather(facts);
        for (int r = 0; rank_ == 0 && r < size_; ++r) {
            const auto i = static_cast<std::size_t>(r);
            result_.ranks.push_back({r, hosts[i], all_facts[i], 0, 0});
        }
        clocks();
        links(begun);
        result_.seconds = MPI_Wtime() - begun;
        return std::move(result_);
    }

private:
    /// Texts of all ranks, on rank 0.
    std::vector<std::string> gather(const std::string& text) {
        const auto length = static_cast<int>(text.size());
        std::vector<int> lengths(static_cast<std::size_t>(size_));
        mpi_detail::check(MPI_Gather(&length, 1, MPI_INT, lengths.data(), 1, MPI_INT, 0, comm_), "MPI_Gather");
        std::vector<int> offsets(lengths.size());
        for (std::size_t i = 1; i < offsets.size(); ++i) offsets[i] = offsets[i - 1] + lengths[i - 1];
        std::string all(rank_ == 0 ? static_cast<std::size_t>(offsets.back() + lengths.back()) : 0, ' ');
        mpi_detail::check(
            MPI_Gatherv(text.data(), length, MPI_CHAR, all.data(), lengths.data(), offsets.data(), MPI_CHAR, 0, comm_),
            "MPI_Gatherv");
        std::vector<std::string> texts;
        for (std::size_t i = 0; rank_ == 0 && i < lengths.size(); ++i) {
            texts.push_back(all.substr(static_cast<std::size_t>(offsets[i]), static_cast<std::size_t>(lengths[i])));
        }
        return texts;
    }

    /// Rank 0 asks each rank for its time. The exchange with the shortest round trip counts (Cristian 1989).
    void clocks() {
        double theirs = 0;
        if (rank_ != 0) {
            for (int i = 0; i < clock_pings; ++i) {
                receive_asleep(nullptr, 0, 0, clock_tag, comm_);
                theirs = wall_clock();
                MPI_Send(&theirs, 1, MPI_DOUBLE, 0, clock_tag, comm_);
            }
            return;
        }
        for (int r = 1; r < size_; ++r) {
            double shortest = 1e300;
            auto& info = result_.ranks[static_cast<std::size_t>(r)];
            for (int i = 0; i < clock_pings; ++i) {
                const auto before = wall_clock();
                MPI_Send(nullptr, 0, MPI_BYTE, r, clock_tag, comm_);
                MPI_Recv(&theirs, 1, MPI_DOUBLE, r, clock_tag, comm_, MPI_STATUS_IGNORE);
                const auto after = wall_clock();
                if (after - before >= shortest) continue;
                shortest = after - before;
                info.clock_offset = theirs - (before + after) / 2;
                info.clock_uncertainty = shortest / 2;
            }
        }
    }

    /// The same list on every rank: rank 0 to other ranks, spread over all of them, then neighbors.
    std::vector<std::pair<int, int>> pairs() const {
        std::vector<std::pair<int, int>> all;
        const auto room = std::max(1, settings_.pairs_max);
        const auto from_zero = std::min(size_ - 1, std::max(1, room / 2));
        for (int i = 0; i < from_zero; ++i) all.emplace_back(0, 1 + i * (size_ - 1) / from_zero);
        const auto neighbors = std::min(size_ - 2, room - from_zero);
        for (int i = 0; i < neighbors; ++i) {
            const auto first = 1 + i * (size_ - 2) / neighbors;
            all.emplace_back(first, first + 1);
        }
        return all;
    }

    void links(double begun) {
        const auto all = pairs();
        for (std::size_t i = 0; i < all.size(); ++i) {
            int go = MPI_Wtime() - begun < settings_.seconds_max ? 1 : 0;
            MPI_Request request = MPI_REQUEST_NULL;
            mpi_detail::check(MPI_Ibcast(&go, 1, MPI_INT, 0, comm_, &request), "MPI_Ibcast");
            wait_asleep(request);
            if (go == 0) {
                result_.links_left_out = static_cast<int>(all.size() - i);
                return;
            }
            link(all[i].first, all[i].second);
        }
    }

    void link(int first, int second) {
        double numbers[result_numbers] = {};
        if (rank_ == first) {
            measure(second, numbers);
            if (first != 0) MPI_Send(numbers, result_numbers, MPI_DOUBLE, 0, result_tag, comm_);
        } else if (rank_ == second) {
            answer(first);
        }
        if (rank_ != 0) return;
        if (first != 0) receive_asleep(numbers, static_cast<int>(sizeof numbers), first, result_tag, comm_);
        LinkInfo info{first, second, false, numbers[0], {}};
        info.same_host =
            result_.ranks[static_cast<std::size_t>(first)].host == result_.ranks[static_cast<std::size_t>(second)].host;
        for (std::size_t s = 0; s < std::size(bulk_sizes); ++s) {
            if (numbers[1 + s] > 0) info.bandwidth.push_back({bulk_sizes[s], numbers[1 + s]});
        }
        result_.links.push_back(std::move(info));
    }

    double round_trip(int peer, std::vector<std::byte>& buffer, int bytes, int tag) {
        const auto before = MPI_Wtime();
        MPI_Send(buffer.data(), bytes, MPI_BYTE, peer, tag, comm_);
        MPI_Recv(buffer.data(), bytes, MPI_BYTE, peer, tag, comm_, MPI_STATUS_IGNORE);
        return MPI_Wtime() - before;
    }

    void measure(int peer, double (&numbers)[result_numbers]) {
        std::vector<std::byte> buffer(bulk_sizes[std::size(bulk_sizes) - 1]);
        std::vector<double> times;
        for (int i = 0; i < pings; ++i) times.push_back(round_trip(peer, buffer, 8, ping_tag));
        numbers[0] = median(times);
        for (std::size_t s = 0; s < std::size(bulk_sizes); ++s) {
            times.clear();
            const auto bytes = bulk_sizes[s];
            // The first exchange of a size sets up pages and connections.
            const auto warm_up = round_trip(peer, buffer, static_cast<int>(bytes), bulk_ping_tag);
            const auto rounds = warm_up > slow_round_trip ? 1 : bulk_rounds;
            for (int i = 0; i < rounds; ++i)
                times.push_back(round_trip(peer, buffer, static_cast<int>(bytes), bulk_ping_tag));
            numbers[1 + s] = 2 * static_cast<double>(bytes) / median(times);
            if (median(times) > slow_round_trip) break;
        }
        MPI_Send(nullptr, 0, MPI_BYTE, peer, bulk_ping_tag, comm_);
    }

    /// Sends back what arrives, until an empty message arrives.
    void answer(int peer) {
        std::vector<std::byte> buffer(bulk_sizes[std::size(bulk_sizes) - 1]);
        for (int i = 0; i < pings; ++i) {
            MPI_Recv(buffer.data(), 8, MPI_BYTE, peer, ping_tag, comm_, MPI_STATUS_IGNORE);
            MPI_Send(buffer.data(), 8, MPI_BYTE, peer, ping_tag, comm_);
        }
        for (;;) {
            MPI_Status status;
            MPI_Recv(buffer.data(), static_cast<int>(buffer.size()), MPI_BYTE, peer, bulk_ping_tag, comm_, &status);
            int bytes = 0;
            MPI_Get_count(&status, MPI_BYTE, &bytes);
            if (bytes == 0) return;
            MPI_Send(buffer.data(), bytes, MPI_BYTE, peer, bulk_ping_tag, comm_);
        }
    }

    MPI_Comm comm_;
    SelfCheckSettings settings_;
    int rank_ = 0;
    int size_ = 0;
    SelfCheck result_;
};

}  // namespace

SelfCheck mpi_selfcheck(const std::string& facts, const SelfCheckSettings& settings) {
    char name[MPI_MAX_PROCESSOR_NAME];
    int length = 0;
    mpi_detail::check(MPI_Get_processor_name(name, &length), "MPI_Get_processor_name");
    return Check(MPI_COMM_WORLD, settings).run(std::string(name, static_cast<std::size_t>(length)), facts);
}

}  // namespace stemma
