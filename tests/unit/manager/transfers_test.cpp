// Snapshots on their way, and the work that waits for them.
#include "manager/transfers.hpp"

#include "support/errors.hpp"
#include "unit/manager/harness.hpp"

namespace stemma::test {
namespace {

class TransferTableTest : public ::testing::Test {
protected:
    TransferTableTest() {
        for (std::uint64_t worker = 1; worker <= 4; ++worker) workers.join({worker}, "host", 100);
    }
    TransferId for_lease(std::uint32_t slot, std::uint64_t owner, std::uint64_t receiver) {
        return transfers.begin({slot, {slot}, {owner}, {receiver}, LeaseId{next_lease++}}, out);
    }
    TransferId second_copy(std::uint32_t slot, std::uint64_t owner, std::uint64_t receiver, std::uint64_t bytes) {
        return transfers.begin({slot, {slot}, {owner}, {receiver}, {}, bytes}, out);
    }
    std::vector<std::uint64_t> woken() {
        std::vector<std::uint64_t> members;
        for (const auto& work : transfers.take_woken()) members.push_back(work.member.value);
        return members;
    }

    WorkerTable workers{1};
    TransferTable transfers{workers};
    Effects out;
    std::uint64_t next_lease = 0;
};

TEST_F(TransferTableTest, AreNumberedOverBothKindsAndOrderedOfTheirOwner) {
    EXPECT_EQ(for_lease(0, 1, 2), TransferId{0});
    EXPECT_EQ(second_copy(1, 1, 3, 5), TransferId{1});
    const auto serves = all_of<effect::Serve>(out);
    ASSERT_EQ(serves.size(), 2U);
    EXPECT_EQ(serves[1].transfer, TransferId{1});
    EXPECT_EQ(serves[1].snapshot, SnapshotId{1});
    EXPECT_EQ(serves[1].owner, WorkerId{1});
    EXPECT_EQ(serves[1].receiver, WorkerId{3});
    transfers.clear();
    EXPECT_EQ(for_lease(0, 1, 2), TransferId{2}) << "a number is never used twice";
}

TEST_F(TransferTableTest, CountAtTheirOwnerAndReserveAtTheirReceiverUntilTheyEnd) {
    const auto first = for_lease(0, 1, 2);
    const auto copy = second_copy(1, 1, 2, 5);
    EXPECT_EQ(workers[{1}].sending, 2U);
    EXPECT_EQ(workers[{2}].held, 5U);
    EXPECT_TRUE(transfers.sends_second_copy({1}));
    EXPECT_EQ(transfers.for_leases(0), 1U);
    EXPECT_EQ(transfers.for_leases(1), 0U) << "no lease waits for a second copy";
    transfers.end(first);
    EXPECT_EQ(transfers.for_leases(0), 0U);
    EXPECT_EQ(transfers.end(copy).slot, 1U);
    EXPECT_EQ(workers[{1}].sending, 0U);
    EXPECT_EQ(workers[{2}].held, 0U);
    EXPECT_FALSE(transfers.sends_second_copy({1}));
    EXPECT_EQ(transfers.find(copy), nullptr);
    EXPECT_ERROR(transfers.end(copy), InternalError, "a transfer ends once");
}

TEST_F(TransferTableTest, AWorkerSendsOneSecondCopyAtATime) {
    second_copy(0, 1, 2, 1);
    second_copy(1, 2, 1, 1);
    EXPECT_ERROR(second_copy(2, 1, 3, 1), InternalError, "a worker sends one second copy at a time");
}

TEST_F(TransferTableTest, WhatIsAbortedMayHaveArrivedAndIsDropped) {
    const auto id = for_lease(0, 1, 2);
    out.clear();
    transfers.abandon(id, false, out);
    ASSERT_EQ(out.size(), 3U);
    EXPECT_EQ(std::get<effect::AbortTransfer>(out[0]).worker, WorkerId{1});
    EXPECT_EQ(std::get<effect::AbortTransfer>(out[1]).worker, WorkerId{2});
    EXPECT_EQ(std::get<effect::Drop>(out[2]).worker, WorkerId{2});
    EXPECT_EQ(std::get<effect::Drop>(out[2]).snapshot, SnapshotId{0});
}

TEST_F(TransferTableTest, WhatIsAbortedStaysAtAReceiverThatHasItFromElsewhereOrStillGetsIt) {
    const auto known = for_lease(0, 1, 2);
    const auto again = for_lease(1, 1, 2);
    const auto copy = second_copy(1, 3, 2, 1);
    out.clear();
    transfers.abandon(known, true, out);
    transfers.abandon(again, false, out);
    EXPECT_TRUE(all_of<effect::Drop>(out).empty());
    transfers.abandon(copy, false, out);
    EXPECT_EQ(only<effect::Drop>(out).snapshot, SnapshotId{1});
}

TEST_F(TransferTableTest, OnlyTheLivingAreTold) {
    const auto from = for_lease(0, 1, 2);
    const auto to = for_lease(1, 2, 1);
    const auto between = second_copy(2, 3, 4, 1);
    const auto copy = second_copy(3, 2, 1, 1);
    const auto last = for_lease(3, 3, 1);
    EXPECT_EQ(transfers.of({1}), (std::vector{from, to, last, copy})) << "those for leases first";
    workers.remove({1});
    out.clear();
    transfers.abandon(from, false, out);
    ASSERT_EQ(out.size(), 2U);
    EXPECT_EQ(std::get<effect::AbortTransfer>(out[0]).worker, WorkerId{2});
    EXPECT_EQ(std::get<effect::Drop>(out[1]).worker, WorkerId{2});
    out.clear();
    transfers.abandon(to, false, out);
    EXPECT_EQ(only<effect::AbortTransfer>(out).worker, WorkerId{2});
    EXPECT_TRUE(all_of<effect::Drop>(out).empty());
    EXPECT_NE(transfers.find(between), nullptr);
}

TEST_F(TransferTableTest, WorkWaitsInOrderAndTheLastWokenComeFirst) {
    for (std::uint64_t member = 0; member < 4; ++member) transfers.wait(0, {{member}, 1, {}});
    transfers.wait(1, {{9}, 1, {}});
    EXPECT_EQ(transfers.waiting(), 5U);
    EXPECT_EQ(woken(), (std::vector<std::uint64_t>{}));
    transfers.wake(0, 2);
    EXPECT_EQ(transfers.waiting(), 3U);
    transfers.wake(1, 5);
    EXPECT_EQ(woken(), (std::vector<std::uint64_t>{9, 0, 1}));
    EXPECT_EQ(woken(), (std::vector<std::uint64_t>{})) << "each is woken once";
    transfers.forget(0, {2});
    transfers.forget(7, {3});
    EXPECT_EQ(transfers.waiting(), 1U);
    transfers.wake(0, 5);
    EXPECT_EQ(woken(), (std::vector<std::uint64_t>{3}));
}

}  // namespace
}  // namespace stemma::test
