// Second copies in the memory of another worker: where they go, when they are dropped, and what they are good for.
#include "unit/manager/harness.hpp"

namespace stemma::test {
namespace {

using testing::ElementsAre;

ManagerSettings replicating(DurablePolicy policy = DurablePolicy::all) {
    return {.durable = DurablePolicy::none, .replicated = policy, .spill = false};
}

class Replicas : public ::testing::Test {
protected:
    /// One worker for each named host, numbered from 1. Each worker gets a member to train to 1.
    void start(const std::vector<std::string>& hosts, std::uint64_t quota = 0) {
        for (std::size_t i = 0; i < hosts.size(); ++i) run.scheduler->work.push_back(action::Create{1});
        run.feed(input::IncarnationStarted{run.incarnation++, static_cast<std::uint32_t>(hosts.size())});
        for (std::uint64_t worker = 1; worker <= hosts.size(); ++worker) {
            run.feed(input::WorkerJoined{{worker}, hosts[worker - 1], "cpu", quota});
        }
    }

    Harness run{replicating()};
};

TEST_F(Replicas, AreOrderedAtBothEnds) {
    start({"a", "a"});
    const auto effects = run.report(1, 0, 1, 0.5, 10);
    const auto serve = only<effect::Serve>(effects);
    const auto copy = only<effect::Replicate>(effects);
    EXPECT_EQ(serve.owner, WorkerId{1});
    EXPECT_EQ(serve.receiver, WorkerId{2});
    EXPECT_EQ(copy.transfer, serve.transfer);
    EXPECT_EQ(copy.snapshot, SnapshotId{0});
    EXPECT_EQ(copy.member, MemberId{0});
    EXPECT_EQ(copy.resource, 1);
    EXPECT_EQ(copy.owner, WorkerId{1});
    EXPECT_EQ(copy.worker, WorkerId{2});
    EXPECT_EQ(copy.bytes, 10U);
    EXPECT_TRUE(all_of<effect::Persist>(effects).empty()) << "no disk is asked for";
}

TEST_F(Replicas, GoToAnotherHostIfThereIsOne) {
    start({"a", "a", "b"});
    EXPECT_EQ(only<effect::Replicate>(run.report(1, 0, 1, 0.5)).worker, WorkerId{3});
}

TEST_F(Replicas, GoToTheWorkerThatHoldsLeast) {
    start({"a", "b", "b"});
    EXPECT_EQ(only<effect::Replicate>(run.report(1, 0, 1, 0.5)).worker, WorkerId{2});
    run.feed(input::TransferDone{{0}});
    run.scheduler->work = {action::Create{1}};
    run.report(2, 1, 1, 0.6);  // its copy is in transfer to worker 1
    run.scheduler->work = {action::Create{1}};
    EXPECT_EQ(only<effect::Replicate>(run.report(1, 3, 1, 0.7)).worker, WorkerId{3});
}

TEST_F(Replicas, AWorkerSendsOneAtATime) {
    start({"a", "b"});
    run.scheduler->work = {action::Create{1}};
    run.report(1, 0, 1, 0.5);
    EXPECT_TRUE(all_of<effect::Replicate>(run.report(1, 2, 1, 0.6)).empty());
    EXPECT_EQ(only<effect::Replicate>(run.feed(input::TransferDone{{0}})).snapshot, SnapshotId{2});
}

TEST_F(Replicas, AMemberGoesOnFromTheSecondCopyWhenItsWorkerIsLost) {
    start({"a", "b"});
    run.report(1, 0, 1, 0.5);
    run.feed(input::TransferDone{{0}});
    run.scheduler->work = {action::Train{{0}, 3}};
    run.feed(input::Ticked{});  // worker 1 trains member 0 again
    const auto lost = run.feed(input::WorkerLost{{1}, "gone"});
    EXPECT_TRUE(noted(lost, EventKind::requeued));
    const auto effects = run.report(2, 1, 1, 0.6);
    const auto lease = only<effect::Train>(effects);
    EXPECT_EQ(lease.member, MemberId{0});
    EXPECT_EQ(lease.from, 1);
    EXPECT_EQ(lease.source.kind, SourceKind::local);
    EXPECT_FALSE(noted(effects, EventKind::retrain));
}

TEST_F(Replicas, WithoutThemTheMemberStartsAnew) {
    run = Harness(replicating(DurablePolicy::none));
    start({"a", "b"});
    EXPECT_TRUE(all_of<effect::Serve>(run.report(1, 0, 1, 0.5)).empty());
    run.feed(input::WorkerLost{{1}, "gone"});
    run.scheduler->work = {action::Train{{0}, 3}};
    EXPECT_TRUE(noted(run.report(2, 1, 1, 0.6), EventKind::retrain));
}

TEST_F(Replicas, ADeathLeadsToANewSecondCopy) {
    start({"a", "b", "c"});
    run.report(1, 0, 1, 0.5);
    run.feed(input::TransferDone{{0}});  // at worker 2
    const auto first = only<effect::Replicate>(run.feed(input::WorkerLost{{1}, "gone"}));
    EXPECT_EQ(first.owner, WorkerId{2});
    EXPECT_EQ(first.worker, WorkerId{3});
    run.feed(input::TransferDone{first.transfer});
    EXPECT_TRUE(all_of<effect::Replicate>(run.feed(input::WorkerLost{{2}, "gone"})).empty())
        << "no worker is left to keep a copy";
    const auto again = only<effect::Replicate>(run.feed(input::WorkerJoined{{4}, "d", "cpu", 0}));
    EXPECT_EQ(again.owner, WorkerId{3});
    EXPECT_EQ(again.worker, WorkerId{4});
}

TEST_F(Replicas, TheOwnersDeathInMidTransferAbortsIt) {
    start({"a", "b"});
    run.report(1, 0, 1, 0.5);
    const auto effects = run.feed(input::WorkerLost{{1}, "gone"});
    EXPECT_EQ(only<effect::AbortTransfer>(effects).worker, WorkerId{2});
    EXPECT_EQ(only<effect::Drop>(effects).worker, WorkerId{2}) << "it may have arrived, and no table has it";
    EXPECT_TRUE(run.feed(input::TransferDone{{0}}).empty()) << "too late: it counts for nothing";
}

TEST_F(Replicas, TheReceiversDeathInMidTransferSendsItElsewhere) {
    start({"a", "b", "c"});
    run.report(1, 0, 1, 0.5);
    const auto effects = run.feed(input::WorkerLost{{2}, "gone"});
    EXPECT_EQ(only<effect::AbortTransfer>(effects).worker, WorkerId{1});
    EXPECT_EQ(only<effect::Replicate>(effects).worker, WorkerId{3});
}

TEST_F(Replicas, BothCopiesGoWhenNobodyNeedsThem) {
    start({"a", "b"});
    run.scheduler->work = {action::Train{{0}, 2}};
    run.report(1, 0, 1, 0.5);
    run.feed(input::TransferDone{{0}});
    std::vector<std::uint64_t> workers;
    for (const auto& drop : all_of<effect::Drop>(run.report(1, 2, 2, 0.4))) {
        if (drop.snapshot == SnapshotId{0}) workers.push_back(drop.worker.value);
    }
    EXPECT_THAT(workers, ElementsAre(1, 2));
}

TEST_F(Replicas, OneUnderWayIsAbortedWhenNobodyNeedsIt) {
    start({"a", "b"});
    run.scheduler->work = {action::Train{{0}, 2}};
    run.report(1, 0, 1, 0.5);
    const auto effects = run.report(1, 2, 2, 0.4);
    const auto aborted = all_of<effect::AbortTransfer>(effects);
    ASSERT_EQ(aborted.size(), 2U);
    EXPECT_EQ(aborted[0].transfer, TransferId{0});
    EXPECT_EQ(only<effect::Replicate>(effects).snapshot, SnapshotId{2}) << "the new one follows";
}

TEST_F(Replicas, MustFitIntoTheirPlace) {
    start({"a", "b"}, 15);
    run.report(2, 1, 1, 0.6, 10);  // worker 1 has room
    EXPECT_TRUE(all_of<effect::Replicate>(run.report(1, 0, 1, 0.5, 10)).empty()) << "worker 2 is full";
}

TEST_F(Replicas, TheSecondCopyGivesWayToAnOriginal) {
    start({"a", "b"}, 15);
    run.scheduler->work = {action::Create{1}};
    run.scheduler->after_report = {action::Keep{{1}, 9.0, false}};
    run.report(2, 1, 1, 0.6, 10);
    run.feed(input::TransferDone{{0}});  // worker 1 has the copy of an important snapshot
    const auto effects = run.report(1, 0, 1, 0.5, 10);
    const auto drop = only<effect::Drop>(effects);
    EXPECT_EQ(drop.worker, WorkerId{1});
    EXPECT_EQ(drop.snapshot, SnapshotId{1});
    EXPECT_FALSE(noted(effects, EventKind::evicted)) << "worker 2 still has it";
}

TEST_F(Replicas, AnOwnerThatHasItNotIsNotAskedAgain) {
    start({"a", "b"});
    run.report(1, 0, 1, 0.5);
    EXPECT_TRUE(all_of<effect::Replicate>(run.feed(input::TransferFailed{{0}})).empty());
    run.scheduler->work = {action::Train{{0}, 3}};
    EXPECT_EQ(only<effect::Train>(run.report(2, 1, 1, 0.6)).source.kind, SourceKind::scratch);
}

// The way between two workers may be broken while both reach the manager.
TEST_F(Replicas, OneThatDoesNotComeIsGivenUpAtBothEnds) {
    start({"a", "b"});
    run.report(1, 0, 1, 0.5);
    const auto effects = run.feed(input::TransferLate{{0}});
    std::vector<std::uint64_t> told;
    for (const auto& abort : all_of<effect::AbortTransfer>(effects)) told.push_back(abort.worker.value);
    EXPECT_THAT(told, ElementsAre(1, 2));
    EXPECT_EQ(only<effect::Drop>(effects).worker, WorkerId{2}) << "it may have arrived, and no table has it";
    EXPECT_TRUE(run.feed(input::TransferDone{{0}}).empty()) << "too late: it counts for nothing";
    run.scheduler->work = {action::Train{{0}, 3}};
    EXPECT_EQ(only<effect::Train>(run.report(2, 1, 1, 0.6)).from, 1) << "the original is still there";
}

TEST_F(Replicas, OneThatDidNotComeIsSentElsewhere) {
    start({"a", "b", "b"});
    run.scheduler->work = {action::Create{1}};
    run.report(1, 0, 1, 0.5);
    run.report(1, 3, 1, 0.6);  // waits for the first one's end
    const auto again = only<effect::Replicate>(run.feed(input::TransferLate{{0}}));
    EXPECT_EQ(again.snapshot, SnapshotId{0});
    EXPECT_EQ(again.worker, WorkerId{3});
    const auto next = only<effect::Replicate>(run.feed(input::TransferDone{again.transfer}));
    EXPECT_EQ(next.snapshot, SnapshotId{3});
    EXPECT_EQ(next.worker, WorkerId{3}) << "though worker 2 holds less";
}

TEST_F(Replicas, AWorkerThatWasNotReachedIsTriedAgainOnceASnapshotCameThrough) {
    start({"a", "b"});
    run.scheduler->work = {action::Create{1}};
    run.report(1, 0, 1, 0.5);  // worker 1 trains the next member
    EXPECT_TRUE(all_of<effect::Replicate>(run.feed(input::TransferLate{{0}})).empty()) << "there is no other place";
    run.scheduler->work = {action::Train{{0}, 3}};
    const auto effects = run.report(2, 1, 1, 0.6);
    EXPECT_TRUE(all_of<effect::Replicate>(effects).empty()) << "nor in the other direction";
    const auto lease = only<effect::Train>(effects);
    EXPECT_EQ(lease.worker, WorkerId{2});
    const auto copy = only<effect::Replicate>(run.feed(input::TransferDone{lease.source.transfer}));
    EXPECT_EQ(copy.snapshot, SnapshotId{1});
    EXPECT_EQ(copy.worker, WorkerId{1});
}

TEST_F(Replicas, ThePolicySaysWhich) {
    run = Harness(replicating(DurablePolicy::promotable));
    start({"a", "b"});
    EXPECT_EQ(only<effect::Replicate>(run.report(1, 0, 1, 0.5)).snapshot, SnapshotId{0})
        << "the best, under every policy";
    run.feed(input::TransferDone{{0}});
    run.scheduler->work = {action::Create{1}, action::Create{1}};
    EXPECT_TRUE(all_of<effect::Replicate>(run.report(2, 1, 1, 0.6)).empty());
    run.scheduler->after_report = {action::Keep{{2}, 1.0, true}};
    EXPECT_EQ(only<effect::Replicate>(run.report(1, 2, 1, 0.7)).snapshot, SnapshotId{2});
}

TEST_F(Replicas, OneWorkerKeepsNone) {
    start({"a"});
    EXPECT_TRUE(all_of<effect::Serve>(run.report(1, 0, 1, 0.5)).empty());
}

TEST_F(Replicas, AreNotWaitedForAtTheEnd) {
    start({"a", "b"});
    run.report(1, 0, 1, 0.5);
    const auto end = run.report(2, 1, 1, 0.6);
    EXPECT_EQ(all_of<effect::Ended>(end).size(), 1U);
    EXPECT_TRUE(run.feed(input::TransferDone{{0}}).empty());
    EXPECT_TRUE(all_of<effect::Serve>(run.feed(input::WorkerLost{{1}, "gone"})).empty());
}

}  // namespace
}  // namespace stemma::test
