#pragma once
// The contract of every Endpoint (transport/endpoint.hpp), as programs that all ranks run at the same time: threads
// over loopback, processes over MPI. Contents follow from (transfer, position), so that each rank can check what it
// receives.

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <cstring>
#include <map>
#include <memory>
#include <ostream>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "core/rng.hpp"
#include "transport/backoff.hpp"
#include "transport/endpoint.hpp"
#include "transport/messages.hpp"

namespace stemma::contract {

/// Gathers what an endpoint returns until enough has arrived.
class Gatherer {
public:
    explicit Gatherer(Endpoint& endpoint) : endpoint_(endpoint) {}

    /// Polls until `enough()`. Gives up after a minute (false), so that a lost message fails one test and hangs none.
    template <class Enough>
    bool until(Enough enough) {
        const auto deadline = std::chrono::steady_clock::now() + std::chrono::minutes(1);
        IdleBackoff backoff;
        while (!enough()) {
            if (auto arrival = endpoint_.poll()) {
                take(*arrival);
                backoff.active();
            } else if (std::chrono::steady_clock::now() > deadline) {
                return false;
            } else {
                backoff.wait();
            }
        }
        return true;
    }

    void look_once() {
        if (auto arrival = endpoint_.poll()) take(*arrival);
    }

    std::map<int, Bytes> frames;  ///< by sender, one after the other
    std::map<TransferId, Bytes> arrived;
    std::set<TransferId> sent;
    std::size_t arrivals_twice = 0;

private:
    void take(Arrival& arrival) {
        if (auto* block = std::get_if<FramesArrived>(&arrival)) {
            auto& all = frames[block->from];
            all.insert(all.end(), block->frames.begin(), block->frames.end());
        }
        if (auto* bulk = std::get_if<BulkArrived>(&arrival)) {
            if (!arrived.emplace(bulk->transfer, std::move(bulk->content)).second) ++arrivals_twice;
        }
        if (const auto* bulk = std::get_if<BulkSent>(&arrival)) {
            if (!sent.insert(bulk->transfer).second) ++arrivals_twice;
        }
    }
    Endpoint& endpoint_;
};

inline std::shared_ptr<const Bytes> content_of(TransferId transfer, std::uint64_t bytes) {
    auto content = std::make_shared<Bytes>(bytes);
    for (std::uint64_t i = 0; i + 8 <= bytes; i += 8) {
        const auto word = (i + transfer.value) * 0x9E3779B97F4A7C15U;
        std::memcpy(content->data() + i, &word, 8);
    }
    for (auto i = bytes - bytes % 8; i < bytes; ++i) (*content)[i] = static_cast<std::byte>(transfer.value + i);
    return content;
}

/// Every rank tells all others when it is done (0xED, which ends no other block), and waits for them: a scenario ends
/// together.
inline void part(Endpoint& endpoint, Gatherer& gatherer) {
    for (int to = 0; to < endpoint.size(); ++to) {
        if (to != endpoint.rank()) endpoint.send(to, Bytes(1, std::byte{0xED}));
    }
    const auto done = [&] {
        std::size_t ended = 0;
        for (const auto& [from, all] : gatherer.frames) ended += !all.empty() && all.back() == std::byte{0xED} ? 1 : 0;
        return ended + 1 == static_cast<std::size_t>(endpoint.size()) && endpoint.idle();
    };
    EXPECT_TRUE(gatherer.until(done)) << "rank " << endpoint.rank() << " waits for the others in vain";
    EXPECT_EQ(gatherer.arrivals_twice, 0U);
}

inline std::size_t block_size(int from, std::uint64_t number) {
    Stream stream(1, Purpose::test, static_cast<std::uint64_t>(from), number);
    const auto kind = stream.below(100);
    if (kind == 0) return message::frame_bytes_max;
    if (kind < 5) return 1000 + stream.below(100'000);
    return 12 + stream.below(300);
}

inline void append_block(Bytes& out, int from, std::uint64_t number) {
    Bytes block(block_size(from, number), static_cast<std::byte>(number % 200));
    const auto size = static_cast<std::uint32_t>(block.size());
    std::memcpy(block.data(), &size, sizeof size);
    std::memcpy(block.data() + sizeof size, &number, sizeof number);
    out.insert(out.end(), block.begin(), block.end());
}

/// All to all, sizes from a few bytes to the largest allowed: each block once, whole and in order.
inline void frames_arrive_once_and_in_order(Endpoint& endpoint) {
    constexpr std::uint64_t blocks = 400;
    Gatherer gatherer(endpoint);
    for (std::uint64_t number = 0; number < blocks; ++number) {
        for (int to = 0; to < endpoint.size(); ++to) {
            if (to == endpoint.rank()) continue;
            Bytes block;
            append_block(block, endpoint.rank(), number);
            endpoint.send(to, std::move(block));
        }
        if (number % 16 == 0) gatherer.look_once();
    }
    part(endpoint, gatherer);
    for (int from = 0; from < endpoint.size(); ++from) {
        if (from == endpoint.rank()) continue;
        Bytes expected;
        for (std::uint64_t number = 0; number < blocks; ++number) append_block(expected, from, number);
        expected.push_back(std::byte{0xED});
        EXPECT_TRUE(gatherer.frames[from] == expected) << "rank " << endpoint.rank() << " from rank " << from;
    }
}

/// Rank size-2 sends to rank size-1 (two workers if there are two), one transfer of each size.
inline void transfers_of_sizes(Endpoint& endpoint, const std::vector<std::uint64_t>& sizes) {
    const auto sender = endpoint.size() - 2;
    const auto receiver = endpoint.size() - 1;
    Gatherer gatherer(endpoint);
    for (std::size_t i = 0; i < sizes.size(); ++i) {
        const TransferId transfer{i * 1000};
        if (endpoint.rank() == receiver) {
            endpoint.receive_bulk(sender, transfer, sizes[i]);
            ASSERT_TRUE(gatherer.until([&] { return gatherer.arrived.contains(transfer); })) << sizes[i] << " bytes";
            EXPECT_TRUE(gatherer.arrived[transfer] == *content_of(transfer, sizes[i])) << sizes[i] << " bytes";
            gatherer.arrived[transfer] = {};
        } else if (endpoint.rank() == sender) {
            endpoint.send_bulk(receiver, transfer, content_of(transfer, sizes[i]));
            ASSERT_TRUE(gatherer.until([&] { return gatherer.sent.contains(transfer); })) << sizes[i] << " bytes";
        }
    }
    part(endpoint, gatherer);
}

inline void bulk_of_any_size_arrives_whole(Endpoint& endpoint) {
    constexpr std::uint64_t mib = std::uint64_t{1} << 20U;
    transfers_of_sizes(endpoint, {0, 1, 4 * mib - 1, 4 * mib, 4 * mib + 1, 64 * mib});
}

/// Beyond the counts of MPI. Takes 6 GB of memory: ./test leaves it out by its name.
inline void bulk_beyond_two_gibibytes_arrives_whole(Endpoint& endpoint) {
    transfers_of_sizes(endpoint, {(std::uint64_t{1} << 31U) + 4097});
}

/// Every rank sends several transfers to every other rank at once, posted in different orders.
inline void many_transfers_at_once(Endpoint& endpoint) {
    constexpr std::uint64_t each = 5;
    const auto size = static_cast<std::uint64_t>(endpoint.size());
    const auto me = static_cast<std::uint64_t>(endpoint.rank());
    const auto id = [&](std::uint64_t from, std::uint64_t to, std::uint64_t k) {
        return TransferId{(k * size + from) * size + to};
    };
    const auto bytes = [](TransferId t) { return (t.value * 977'777) % 3'000'000; };
    Gatherer gatherer(endpoint);
    for (std::uint64_t k = 0; k < each; ++k) {
        for (std::uint64_t peer = 0; peer < size; ++peer) {
            if (peer == me) continue;
            const auto incoming = id(peer, me, each - 1 - k);
            const auto outgoing = id(me, peer, k);
            endpoint.receive_bulk(static_cast<int>(peer), incoming, bytes(incoming));
            endpoint.send_bulk(static_cast<int>(peer), outgoing, content_of(outgoing, bytes(outgoing)));
        }
    }
    const auto expected = each * (size - 1);
    EXPECT_TRUE(
        gatherer.until([&] { return gatherer.arrived.size() == expected && gatherer.sent.size() == expected; }));
    for (const auto& [transfer, content] : gatherer.arrived) {
        EXPECT_TRUE(content == *content_of(transfer, bytes(transfer))) << "transfer " << transfer.value;
    }
    part(endpoint, gatherer);
}

/// A sender that does not have the requested content sends nothing, and the receiver learns that.
inline void absent_content_arrives_empty(Endpoint& endpoint) {
    Gatherer gatherer(endpoint);
    const auto absent = TransferId{1};
    const auto present = TransferId{2};
    if (endpoint.rank() == 1) {
        endpoint.receive_bulk(0, absent, 50'000'000);
        EXPECT_TRUE(gatherer.until([&] { return gatherer.arrived.contains(absent); }));
        EXPECT_TRUE(gatherer.arrived[absent].empty());
        endpoint.receive_bulk(0, present, 100);
        EXPECT_TRUE(gatherer.until([&] { return gatherer.arrived.contains(present); }));
        EXPECT_EQ(gatherer.arrived[present].size(), 100U);
    } else if (endpoint.rank() == 0) {
        endpoint.send_bulk(1, absent, std::make_shared<Bytes>());
        endpoint.send_bulk(1, present, content_of(present, 100));
        EXPECT_TRUE(gatherer.until([&] { return gatherer.sent.size() == 2; }));
    }
    part(endpoint, gatherer);
}

/// Abandoned at both ends, before and after it began: no arrivals, and later transfers are not disturbed.
inline void abandoned_transfers_are_silent(Endpoint& endpoint) {
    Gatherer gatherer(endpoint);
    const auto never_received = TransferId{10};
    const auto never_sent = TransferId{11};
    const auto large = std::uint64_t{9} << 20U;
    const auto later = TransferId{12};
    endpoint.abandon_bulk(TransferId{99});
    if (endpoint.rank() == 0) {
        endpoint.send_bulk(1, never_received, content_of(never_received, large));
        gatherer.look_once();
        endpoint.abandon_bulk(never_received);
        endpoint.send_bulk(1, later, content_of(later, large));
        EXPECT_TRUE(gatherer.until([&] { return gatherer.sent.contains(later); }));
    } else if (endpoint.rank() == 1) {
        endpoint.receive_bulk(0, never_sent, large);
        gatherer.look_once();
        endpoint.abandon_bulk(never_sent);
        endpoint.receive_bulk(0, later, large);
        EXPECT_TRUE(gatherer.until([&] { return gatherer.arrived.contains(later); }));
        EXPECT_TRUE(gatherer.arrived[later] == *content_of(later, large));
    }
    part(endpoint, gatherer);
    EXPECT_FALSE(gatherer.sent.contains(never_received));
    EXPECT_FALSE(gatherer.arrived.contains(never_sent));
}

/// One sender, five transfers to as many receivers as there are (ranks in turn). One receiver abandons its transfer
/// half way. The sender abandons a transfer that waits for its turn. The other transfers arrive.
inline void one_donor_wanted_by_many(Endpoint& endpoint) {
    constexpr std::uint64_t wanted = 5;
    constexpr auto bytes = std::uint64_t{24} << 20U;
    const TransferId cut_by_receiver{1};
    const TransferId cut_by_sender{3};
    const auto receiver_of = [&](std::uint64_t i) { return 1 + static_cast<int>(i) % (endpoint.size() - 1); };
    std::set<TransferId> mine;
    Gatherer gatherer(endpoint);
    for (std::uint64_t i = 0; i < wanted; ++i) {
        const TransferId transfer{i};
        const bool goes_through = transfer != cut_by_receiver && transfer != cut_by_sender;
        if (endpoint.rank() == 0) {
            endpoint.send_bulk(receiver_of(i), transfer, content_of(transfer, bytes));
        } else if (endpoint.rank() == receiver_of(i)) {
            endpoint.receive_bulk(0, transfer, bytes);
        } else {
            continue;
        }
        if (goes_through) mine.insert(transfer);
    }
    for (int i = 0; i < 5; ++i) gatherer.look_once();
    if (endpoint.rank() == 0) {
        endpoint.abandon_bulk(cut_by_sender);
        EXPECT_TRUE(gatherer.until([&] { return std::ranges::includes(gatherer.sent, mine); }));
        endpoint.abandon_bulk(cut_by_receiver);
    } else {
        endpoint.abandon_bulk(cut_by_receiver);
        const auto there = [&](TransferId transfer) { return gatherer.arrived.contains(transfer); };
        EXPECT_TRUE(gatherer.until([&] { return std::ranges::all_of(mine, there); }));
        endpoint.abandon_bulk(cut_by_sender);
        for (const auto transfer : mine) EXPECT_TRUE(gatherer.arrived[transfer] == *content_of(transfer, bytes));
    }
    part(endpoint, gatherer);
}

/// Control messages pass beside a large transfer that is not received yet.
inline void frames_pass_beside_bulk(Endpoint& endpoint) {
    Gatherer gatherer(endpoint);
    const auto transfer = TransferId{3};
    const auto bytes = std::uint64_t{40} << 20U;
    if (endpoint.rank() == 0) {
        endpoint.send_bulk(1, transfer, content_of(transfer, bytes));
        endpoint.send(1, Bytes(10, std::byte{1}));
        EXPECT_TRUE(gatherer.until([&] { return gatherer.sent.contains(transfer); }));
    } else if (endpoint.rank() == 1) {
        EXPECT_TRUE(gatherer.until([&] { return gatherer.frames[0].size() >= 10; }))
            << "the frames wait for the transfer";
        endpoint.receive_bulk(0, transfer, bytes);
        EXPECT_TRUE(gatherer.until([&] { return gatherer.arrived.contains(transfer); }));
    }
    part(endpoint, gatherer);
}

struct Scenario {
    const char* name;
    void (*run)(Endpoint&);
};
/// For the names of tests.
inline std::ostream& operator<<(std::ostream& out, const Scenario& scenario) { return out << scenario.name; }

inline const std::vector<Scenario>& scenarios() {
    static const std::vector<Scenario> all = {
        {"FramesArriveOnceAndInOrder", frames_arrive_once_and_in_order},
        {"BulkOfAnySizeArrivesWhole", bulk_of_any_size_arrives_whole},
        {"BulkBeyondTwoGibibytesArrivesWhole", bulk_beyond_two_gibibytes_arrives_whole},
        {"ManyTransfersAtOnce", many_transfers_at_once},
        {"AbsentContentArrivesEmpty", absent_content_arrives_empty},
        {"AbandonedTransfersAreSilent", abandoned_transfers_are_silent},
        {"FramesPassBesideBulk", frames_pass_beside_bulk},
        {"OneDonorWantedByMany", one_donor_wanted_by_many},
    };
    return all;
}

}  // namespace stemma::contract
