// One snapshot that many workers want: which worker sends it, and which waits until more workers have it.
#include "unit/manager/harness.hpp"

namespace stemma::test {
namespace {

constexpr std::uint64_t large = std::uint64_t{16} << 20U;

/// Member 0 has trained at worker 1. Then each worker gets a child of it.
class Donors : public ::testing::Test {
protected:
    Effects all_want_it(std::uint32_t workers, std::uint64_t bytes, ManagerSettings settings = {}) {
        settings.durable = DurablePolicy::none;
        run.emplace(std::move(settings));
        run->scheduler->work = {action::Create{1}};
        run->start(workers);
        run->scheduler->work.assign(workers, child());
        return run->report(1, 0, 1, 0.5, bytes);
    }
    static action::Create child() { return {.to = 2, .parent = {0}, .cause = BirthCause::adoption}; }
    static std::vector<std::uint64_t> owners(const Effects& effects) {
        std::vector<std::uint64_t> found;
        for (const auto& serve : all_of<effect::Serve>(effects)) found.push_back(serve.owner.value);
        return found;
    }

    std::optional<Harness> run;
};

using ::testing::ElementsAre;

TEST_F(Donors, SendASmallSnapshotToAllAtOnce) {
    const auto effects = all_want_it(6, large - 1);
    EXPECT_THAT(owners(effects), ElementsAre(1, 1, 1, 1, 1));
    EXPECT_EQ(all_of<effect::Train>(effects).size(), 6U);
}

TEST_F(Donors, SendALargeOneTwiceAtATimeAndThoseWhoHaveItSendOn) {
    const auto effects = all_want_it(6, large);
    EXPECT_EQ(all_of<effect::Born>(effects).size(), 6U) << "births are as they would be without waiting";
    EXPECT_EQ(all_of<effect::Train>(effects).size(), 3U) << "the donor's own, and two to send to";
    EXPECT_THAT(owners(effects), ElementsAre(1, 1));
    const auto next = run->feed(input::TransferDone{{0}});
    EXPECT_THAT(owners(next), ElementsAre(2, 1, 2));
    EXPECT_EQ(all_of<effect::Train>(next).size(), 3U);
    const auto last = run->feed(input::TransferDone{{1}});
    EXPECT_TRUE(all_of<effect::Train>(last).empty()) << "all have it, or are about to";
}

TEST_F(Donors, TheHolderThatSendsLeastIsTaken) {
    all_want_it(3, 10);
    run->feed(input::TransferDone{{0}});
    run->scheduler->work = {child()};
    const auto effects = run->feed(input::WorkerJoined{{4}, "host", "cpu", 0});
    EXPECT_THAT(owners(effects), ElementsAre(2)) << "worker 1 still sends to worker 3";
}

TEST_F(Donors, WhoWaitsKeepsARoomFree) {
    all_want_it(6, large);
    run->scheduler->work = {action::Create{1}};
    EXPECT_TRUE(all_of<effect::Born>(run->feed(input::Ticked{})).empty());
    EXPECT_EQ(all_of<effect::Born>(run->feed(input::WorkerJoined{{7}, "host", "cpu", 0})).size(), 1U);
}

TEST_F(Donors, WhoWaitsCountsInTheBudgetOfReports) {
    const auto effects = all_want_it(6, large, {.budget = {.reports = 5}});
    EXPECT_EQ(all_of<effect::Born>(effects).size(), 4U);
}

TEST_F(Donors, AReceiversDeathCostsItsTransferOnly) {
    all_want_it(6, large);
    const auto effects = run->feed(input::WorkerLost{{2}, "gone"});
    EXPECT_EQ(only<effect::AbortTransfer>(effects).worker, WorkerId{1});
    EXPECT_EQ(only<effect::Train>(effects).member, MemberId{1 + 1}) << "its member goes elsewhere at once";
    EXPECT_THAT(owners(effects), ElementsAre(1));
    EXPECT_THAT(owners(run->feed(input::TransferDone{{1}})), ElementsAre(3, 1)) << "one for each worker that is free";
}

TEST_F(Donors, ADonorsDeathCostsNothingOnceOthersHaveIt) {
    all_want_it(6, large);
    run->feed(input::TransferDone{{0}});  // workers 1 and 2 have it, 1 sends to 3 and 5, 2 sends to 4 and 6
    const auto effects = run->feed(input::WorkerLost{{1}, "gone"});
    EXPECT_FALSE(noted(effects, EventKind::member_failed));
    const auto retry = run->fail(3, 3, FailureKind::snapshot_unavailable);
    EXPECT_FALSE(noted(retry, EventKind::member_failed));
    const auto arrived = run->feed(input::TransferDone{{2}});
    EXPECT_FALSE(all_of<effect::Train>(arrived).empty()) << "and the others go on from there";
}

TEST_F(Donors, AnOnlyHoldersDeathEndsItsLineageAndTheSearch) {
    all_want_it(6, large);
    run->feed(input::WorkerLost{{1}, "gone"});
    run->fail(2, 2, FailureKind::snapshot_unavailable);
    run->fail(3, 3, FailureKind::snapshot_unavailable);
    EXPECT_TRUE(run->manager->ended());
}

TEST_F(Donors, AMemberThatWaitsMayBeStopped) {
    all_want_it(5, large);
    EXPECT_TRUE(noted(run->feed(input::MemberStopped{{4}}), EventKind::member_failed));
    const auto next = all_of<effect::Train>(run->feed(input::TransferDone{{0}}));
    ASSERT_EQ(next.size(), 1U);
    EXPECT_EQ(next[0].member, MemberId{5});
    EXPECT_EQ(run->scheduler->count<event::GivenUp>(), 1U) << "it waits no more";
}

TEST_F(Donors, WhoWaitsSurvivesARestart) {
    all_want_it(4, large, {.durable = DurablePolicy::none});
    const auto effects = run->start(4);
    EXPECT_EQ(all_of<effect::Noted>(effects).size(), 3U + 4U) << "three were out; without a copy all four are given up";
    EXPECT_TRUE(run->manager->ended());
}

}  // namespace
}  // namespace stemma::test
