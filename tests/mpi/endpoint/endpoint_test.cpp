#include "contract/endpoint/endpoint_suite.hpp"
#include "transport/mpi/mpi_endpoint.hpp"

namespace stemma::contract {
namespace {

class MpiContract : public ::testing::TestWithParam<Scenario> {};

TEST_P(MpiContract, Holds) {
    const auto endpoint = make_mpi_endpoint();
    GetParam().run(*endpoint);
}

/// Not for 2 GiB: that would be 21,475 chunks of this size, each waiting for the one before.
class MpiContractInSmallChunks : public ::testing::TestWithParam<Scenario> {};

std::vector<Scenario> scenarios_of_some_chunks() {
    auto some = scenarios();
    std::erase_if(some, [](const Scenario& each) { return each.run == bulk_beyond_two_gibibytes_arrives_whole; });
    return some;
}

TEST_P(MpiContractInSmallChunks, Holds) {
    const auto endpoint = make_mpi_endpoint({.chunk_bytes = 100'000, .chunks_in_flight = 2, .receives_posted = 1});
    GetParam().run(*endpoint);
}

/// Rank 0 sends to rank 1, and rank 1 abandons the transfer. `sender_abandons`: rank 0 abandons it then, too. Rank 0's
/// snapshot must be freed in the end.
void snapshot_is_freed(bool receiver_first, bool sender_abandons) {
    const auto endpoint = make_mpi_endpoint();
    Gatherer gatherer(*endpoint);
    const TransferId transfer{7};
    constexpr auto bytes = std::uint64_t{60} << 20U;
    if (endpoint->rank() == 0) {
        auto content = content_of(transfer, bytes);
        const std::weak_ptr<const Bytes> still_there = content;
        const auto heard = [&] { return !gatherer.frames[1].empty(); };
        ASSERT_TRUE(gatherer.until([&] { return !receiver_first || heard(); }));
        endpoint->send_bulk(1, transfer, std::move(content));
        for (int i = 0; i < 100; ++i) gatherer.look_once();
        ASSERT_TRUE(gatherer.until(heard));
        if (sender_abandons) endpoint->abandon_bulk(transfer);
        EXPECT_TRUE(gatherer.until([&] { return still_there.expired(); })) << "the snapshot stays in memory";
    } else if (endpoint->rank() == 1) {
        endpoint->receive_bulk(0, transfer, bytes);
        for (int i = 0; i < 3; ++i) gatherer.look_once();
        endpoint->abandon_bulk(transfer);
        endpoint->send(0, Bytes(1, std::byte{1}));
    }
    part(*endpoint, gatherer);
    EXPECT_TRUE(gatherer.arrived.empty());
}

TEST(MpiEndpoint, FreesASnapshotWhoseReceiverGaveUpBeforeItWasSent) { snapshot_is_freed(true, true); }
TEST(MpiEndpoint, FreesASnapshotWhoseReceiverGaveUpInTheMiddle) { snapshot_is_freed(false, true); }
TEST(MpiEndpoint, FreesASnapshotThatOnlyTheReceiverGaveUp) { snapshot_is_freed(true, false); }

/// Rank 0 sends `wanted` transfers to the other ranks in turn, and they receive all. Returns the transfers in the order
/// in which their sends ended.
std::vector<std::uint64_t> order_of_ends(Endpoint& endpoint, std::uint64_t wanted) {
    constexpr auto bytes = std::uint64_t{32} << 20U;
    std::vector<std::uint64_t> order;
    Gatherer gatherer(endpoint);
    for (std::uint64_t i = 0; i < wanted; ++i) {
        const auto receiver = 1 + static_cast<int>(i) % (endpoint.size() - 1);
        if (endpoint.rank() == 0) endpoint.send_bulk(receiver, TransferId{i}, content_of(TransferId{i}, bytes));
        if (endpoint.rank() == receiver) endpoint.receive_bulk(0, TransferId{i}, bytes);
    }
    gatherer.look_once();
    EXPECT_TRUE(endpoint.moving());
    const auto ended = [&] {
        for (const auto transfer : gatherer.sent) {
            if (std::ranges::find(order, transfer.value) == order.end()) order.push_back(transfer.value);
        }
        return order.size() == wanted;
    };
    EXPECT_TRUE(gatherer.until([&] { return endpoint.rank() != 0 || ended(); }));
    part(endpoint, gatherer);
    endpoint.poll();
    EXPECT_FALSE(endpoint.moving());
    return order;
}

TEST(MpiEndpoint, SendsTwoAtATimeInOrderOfRequest) {
    const auto endpoint = make_mpi_endpoint();
    const auto order = order_of_ends(*endpoint, 8);
    for (std::size_t place = 0; place < order.size(); ++place) {
        // Two at a time: when this transfer began, all transfers that ended before it had ended except one.
        EXPECT_LE(order[place], place + 1);
    }
}

TEST(MpiEndpoint, AReceiverThatTakesNothingKeepsNobodyWaiting) {
    const auto endpoint = make_mpi_endpoint();
    constexpr std::uint64_t nobody_wants = 3;
    if (endpoint->rank() == 0) {
        for (std::uint64_t i = 0; i < nobody_wants; ++i) {
            endpoint->send_bulk(1, TransferId{i}, content_of(TransferId{i}, std::uint64_t{32} << 20U));
        }
    }
    Gatherer gatherer(*endpoint);
    if (endpoint->rank() == 0) {
        endpoint->send_bulk(1, TransferId{10}, content_of(TransferId{10}, 100));
        EXPECT_TRUE(gatherer.until([&] { return gatherer.sent.contains(TransferId{10}); }));
        for (std::uint64_t i = 0; i < nobody_wants; ++i) endpoint->abandon_bulk(TransferId{i});
    } else if (endpoint->rank() == 1) {
        endpoint->receive_bulk(0, TransferId{10}, 100);
        EXPECT_TRUE(gatherer.until([&] { return gatherer.arrived.contains(TransferId{10}); }));
    }
    part(*endpoint, gatherer);
}

INSTANTIATE_TEST_SUITE_P(Mpi, MpiContract, ::testing::ValuesIn(scenarios()),
                         [](const auto& each) { return std::string(each.param.name); });

INSTANTIATE_TEST_SUITE_P(Mpi, MpiContractInSmallChunks, ::testing::ValuesIn(scenarios_of_some_chunks()),
                         [](const auto& each) { return std::string(each.param.name); });

}  // namespace
}  // namespace stemma::contract
