// The checkers find faults: each kind of wrong record is detected.
#include "simulator/checkers.hpp"
#include "support/errors.hpp"

#include <gtest/gtest.h>

#include <limits>

namespace stemma {
namespace {

class CheckersTest : public ::testing::Test {
protected:
    void feed(input::Body body, Effects effects = {}, double seconds = 1) {
        checkers.on({sequence++, time += seconds, std::move(body)}, effects);
    }
    /// Two workers, members 0 and 1 in training to 1.
    void begin() {
        feed(input::IncarnationStarted{});
        feed(input::WorkerJoined{{1}, "a", "cpu", 0}, {born(0), assign(1, 0, 0, 0, 1)});
        feed(input::WorkerJoined{{2}, "a", "cpu", 0}, {born(1), assign(2, 1, 1, 0, 1)});
    }
    static effect::Born born(std::uint64_t member) {
        return {.member = {member}, .configuration = {}, .place = BirthPlace{}};
    }
    static effect::Train assign(std::uint64_t worker, std::uint64_t lease, std::uint64_t member, Resource from,
                                Resource to, Source source = {}, MemberId adopted_from = {}) {
        return {{worker}, {lease}, {member}, from, to, source, 0, adopted_from};
    }
    static input::Report report(std::uint64_t worker, std::uint64_t lease, Resource reached, double metric,
                                std::uint64_t bytes = 1) {
        return {{worker}, {lease}, reached, 1, bytes, {{reached, {metric}}}};
    }
    static Source local(std::uint64_t snapshot, std::uint64_t worker) {
        return {SourceKind::local, {snapshot}, {worker}, {}, 1};
    }

    Checkers checkers{CheckerSettings{.seed = 42, .promotion_eta = 2}};
    std::uint64_t sequence = 0;
    double time = 0;
};

TEST_F(CheckersTest, AcceptACorrectPromotion) {
    begin();
    feed(report(1, 0, 1, 0.5));
    EXPECT_NO_THROW(feed(report(2, 1, 1, 0.4), {assign(2, 2, 1, 1, 2, local(1, 2))}));
}

TEST_F(CheckersTest, NameSeedAndInput) {
    begin();
    try {
        feed(input::Ticked{}, {assign(9, 2, 0, 0, 1)});
        FAIL() << "nothing was noticed";
    } catch (const CheckFailed& failed) {
        EXPECT_NE(std::string(failed.what()).find("seed 42, input 3"), std::string::npos) << failed.what();
    }
}

TEST_F(CheckersTest, SeeAPromotionBeyondTheTop) {
    begin();
    feed(report(1, 0, 1, 0.5));
    EXPECT_ERROR(feed(report(2, 1, 1, 0.6), {assign(2, 2, 1, 1, 2, local(1, 2))}), CheckFailed, "beyond the top 1/2");
}

TEST_F(CheckersTest, SeeAPromotionOfNaN) {
    begin();
    EXPECT_ERROR(feed(report(1, 0, 1, std::numeric_limits<double>::quiet_NaN()), {assign(1, 2, 0, 1, 2, local(0, 1))}),
                 CheckFailed, "a member that failed or diverged is not trained again");
}

TEST_F(CheckersTest, SeeTwoLeasesOfOneMember) {
    begin();
    feed(input::WorkerJoined{{3}, "a", "cpu", 0});
    EXPECT_ERROR(feed(input::Ticked{}, {assign(3, 2, 0, 0, 1)}), CheckFailed,
                 "a member trains under one lease at a time");
}

TEST_F(CheckersTest, SeeWorkForTheDead) {
    begin();
    EXPECT_ERROR(feed(input::WorkerLost{{1}, ""}, {assign(1, 2, 0, 0, 1)}), CheckFailed, "leases go to living workers");
}

TEST_F(CheckersTest, SeeASnapshotThatIsNotThere) {
    begin();
    feed(report(1, 0, 1, 0.5));
    EXPECT_ERROR(feed(report(2, 1, 1, 0.4), {assign(1, 2, 1, 1, 2, local(1, 1))}), CheckFailed,
                 "a local snapshot is there");
}

TEST_F(CheckersTest, SeeADiskCopyThatWasNeverWritten) {
    begin();
    feed(report(1, 0, 1, 0.5));
    EXPECT_ERROR(feed(report(2, 1, 1, 0.4), {assign(2, 2, 1, 1, 2, {SourceKind::disk, {1}, {}, {}, 1})}), CheckFailed,
                 "a durable snapshot is there");
}

TEST_F(CheckersTest, SeeAResourceThatGoesBack) {
    begin();
    feed(report(1, 0, 1, 0.5));
    EXPECT_ERROR(feed(report(2, 1, 1, 0.4), {assign(2, 2, 1, 0, 2)}), CheckFailed,
                 "goes back only by a retraining that is noted");
}

TEST_F(CheckersTest, AcceptARetrainingThatIsNoted) {
    begin();
    feed(report(1, 0, 1, 0.5));
    EXPECT_NO_THROW(
        feed(report(2, 1, 1, 0.4, 0),
             {effect::Noted{.kind = EventKind::retrain, .member = {1}, .lease = {2}}, assign(2, 2, 1, 0, 2)}));
}

class LineageCheckersTest : public CheckersTest {
protected:
    LineageCheckersTest() {
        checkers = Checkers({.seed = 42, .lineages = {.founders = 2, .restart = 1, .max = 9, .to_the_better = true}});
    }
    static effect::Drop drop(std::uint64_t worker, std::uint64_t snapshot) { return {{worker}, {snapshot}}; }
    static effect::Born child(std::uint64_t member, std::uint64_t parent) {
        return {.member = {member},
                .cause = BirthCause::exploit,
                .parent = {parent},
                .configuration = {},
                .place = BirthPlace{}};
    }
    /// Both have reported, member 0 the better value.
    void report_both() {
        begin();
        feed(report(1, 0, 1, 0.4));
        feed(report(2, 1, 1, 0.5));
    }
    static constexpr double nan = std::numeric_limits<double>::quiet_NaN();
};

TEST_F(LineageCheckersTest, AcceptOneThatGivesUpForABetterOne) {
    report_both();
    EXPECT_NO_THROW(feed(input::Ticked{}, {child(2, 0), drop(2, 1)}));
}

TEST_F(LineageCheckersTest, SeeOneThatGivesUpForAWorseOne) {
    report_both();
    EXPECT_ERROR(feed(input::Ticked{}, {child(2, 1), drop(1, 0)}), CheckFailed,
                 "member 0 gives up although no better member lives");
}

TEST_F(LineageCheckersTest, SeeAPopulationThatIsThrownAway) {
    report_both();
    feed(input::Ticked{}, {drop(2, 1)});
    EXPECT_ERROR(feed(input::Ticked{}, {drop(1, 0)}), CheckFailed, "although no ");
}

TEST_F(LineageCheckersTest, SeeABirthFromScratchWhileSomebodyLives) {
    report_both();
    EXPECT_ERROR(feed(input::Ticked{}, {born(2)}), CheckFailed, "is born from scratch although member");
}

TEST_F(LineageCheckersTest, AcceptABirthFromScratchOnceAllAreDead) {
    begin();
    feed(report(1, 0, 1, nan));
    EXPECT_NO_THROW(feed(report(2, 1, 1, nan), {born(2)}));
    EXPECT_NO_THROW(feed(input::Ticked{}, {born(3)})) << "no member has reported a finite value";
}

TEST_F(CheckersTest, SeeALateReportThatIsNotNoted) {
    begin();
    EXPECT_ERROR(feed(report(1, 1, 1, 0.5)), CheckFailed, "a report of a lease that is not out is noted as late");
}

TEST_F(CheckersTest, SeeALeakedSnapshot) {
    begin();
    feed(report(2, 1, 1, 0.6));
    feed(report(1, 0, 1, 0.5), {assign(1, 2, 0, 1, 2, local(0, 1))});
    // Member 0's first snapshot is no longer needed.
    EXPECT_ERROR(feed(report(1, 2, 2, 0.4), {effect::Ended{EndReason::exhausted, {0}}}), CheckFailed,
                 "snapshot 0 is kept although it is not needed");
}

TEST_F(CheckersTest, SeeAWrongBest) {
    begin();
    feed(report(1, 0, 1, 0.5));
    EXPECT_ERROR(feed(report(2, 1, 1, 0.4), {effect::Ended{EndReason::exhausted, {0}}}), CheckFailed,
                 "the end names the best member");
}

TEST_F(CheckersTest, SeeGapsInTheRecord) {
    begin();
    ++sequence;
    EXPECT_ERROR(feed(input::Ticked{}), CheckFailed, "inputs are numbered 0, 1, 2");
}

TEST_F(CheckersTest, SeeTimeGoBack) {
    begin();
    EXPECT_ERROR(feed(input::Ticked{}, {}, -1), CheckFailed, "time never goes back");
}

/// Member 2, a child of member 0, takes worker 1 when member 0 reports.
effect::Born child_of(std::uint64_t parent) {
    return {
        .member = {2}, .cause = BirthCause::exploit, .parent = {parent}, .configuration = {}, .place = BirthPlace{}};
}

TEST_F(CheckersTest, AcceptAChildThatStartsFromItsParentsSnapshot) {
    begin();
    EXPECT_NO_THROW(feed(report(1, 0, 1, 0.5), {child_of(0), assign(1, 2, 2, 1, 2, local(0, 1), {0})}));
    EXPECT_NO_THROW(feed(report(1, 2, 2, 0.4), {effect::Drop{{1}, {0}}}));
}

TEST_F(CheckersTest, SeeAnAdoptionThatIsNotSaid) {
    begin();
    EXPECT_ERROR(feed(report(1, 0, 1, 0.5), {child_of(0), assign(1, 2, 2, 1, 2, local(0, 1))}), CheckFailed,
                 "a training says whose snapshot it adopts");
}

TEST_F(CheckersTest, SeeAnAdoptionThatIsNone) {
    begin();
    feed(report(1, 0, 1, 0.5));
    EXPECT_ERROR(feed(report(2, 1, 1, 0.4), {assign(2, 2, 1, 1, 2, local(1, 2), {0})}), CheckFailed,
                 "a training says whose snapshot it adopts");
}

TEST_F(CheckersTest, SeeABirthWithoutItsPlace) {
    feed(input::IncarnationStarted{});
    EXPECT_ERROR(feed(input::Ticked{}, {effect::Born{.member = {0}, .configuration = {}}}), CheckFailed,
                 "the scheduler's place of a member is recorded");
}

TEST_F(CheckersTest, SeeAChildOfAMemberThatHasNotReported) {
    begin();
    EXPECT_ERROR(feed(report(1, 0, 1, 0.5), {child_of(1)}), CheckFailed, "a parent has reported and has a snapshot");
}

TEST_F(CheckersTest, SeeADonorThatDiverged) {
    begin();
    feed(report(1, 0, 1, std::numeric_limits<double>::quiet_NaN()));
    EXPECT_ERROR(feed(input::Ticked{}, {child_of(0)}), CheckFailed,
                 "no child is born of a member that failed or diverged");
}

TEST_F(CheckersTest, SeeAChildThatStartsFromScratch) {
    begin();
    EXPECT_ERROR(
        feed(report(1, 0, 1, 0.5), {child_of(0), effect::Noted{.kind = EventKind::retrain, .member = {2}, .lease = {2}},
                                    assign(1, 2, 2, 0, 2)}),
        CheckFailed, "a lineage's resource never goes back");
}

TEST_F(CheckersTest, SeeAChildThatStartsFromSomebodyElse) {
    begin();
    feed(report(2, 1, 1, 0.6));
    EXPECT_ERROR(feed(report(1, 0, 1, 0.5), {child_of(1), assign(1, 2, 2, 1, 2, local(0, 1), {1})}), CheckFailed,
                 "the snapshot to start from is this member's");
}

TEST_F(CheckersTest, SeeAParentYoungerThanItsChild) {
    begin();
    EXPECT_ERROR(feed(report(1, 0, 1, 0.5), {child_of(2)}), CheckFailed, "parents are older than their children");
}

TEST_F(CheckersTest, SeeADroppedSnapshotThatAChildStartsFrom) {
    begin();
    feed(report(1, 0, 1, 0.5), {child_of(0), effect::Drop{{1}, {0}}});
    EXPECT_ERROR(feed(input::Ticked{}, {assign(1, 2, 2, 1, 2, local(0, 1), {0})}), CheckFailed,
                 "a local snapshot is there");
}

TEST_F(CheckersTest, SeeABirthFromASnapshotThatIsGone) {
    begin();
    feed(report(1, 0, 1, 0.5));
    EXPECT_ERROR(feed(input::WorkerLost{{1}, ""}, {child_of(0)}), CheckFailed, "a parent's snapshot is available");
}

TEST_F(CheckersTest, AcceptADropOfWhatAnAbortedTransferMayHaveLeft) {
    begin();
    feed(report(1, 0, 1, 0.5));
    const Source peer{SourceKind::peer, {0}, {1}, {0}, 1};
    feed(report(2, 1, 1, 0.6), {child_of(0), effect::Serve{{0}, {0}, {1}, {2}}, assign(2, 2, 2, 1, 2, peer, {0})});
    const input::Failure failure{{2}, {2}, FailureKind::infeasible, "", "", 1, 0};
    EXPECT_NO_THROW(
        feed(failure, {effect::AbortTransfer{{0}, {1}}, effect::AbortTransfer{{0}, {2}}, effect::Drop{{2}, {0}}}));
    EXPECT_ERROR(feed(input::Ticked{}, {effect::Drop{{2}, {0}}}), CheckFailed, "a worker drops what it has") << "once";
}

// ---- second copies -------------------------------------------------------------------------------------------------

/// Worker 1 has snapshot 0 and sends it to worker 2; the workers' hosts are given.
class SecondCopies : public CheckersTest {
protected:
    void begin_at(const std::string& first, const std::string& second, std::uint64_t quota = 0) {
        feed(input::IncarnationStarted{});
        feed(input::WorkerJoined{{1}, first, "cpu", quota}, {born(0), assign(1, 0, 0, 0, 1)});
        feed(input::WorkerJoined{{2}, second, "cpu", quota}, {born(1), assign(2, 1, 1, 0, 1)});
    }
    static Effects copy(std::uint64_t owner, std::uint64_t receiver, std::uint64_t bytes = 1) {
        return {effect::Serve{{0}, {0}, {owner}, {receiver}},
                effect::Replicate{{0}, {0}, {0}, 1, {owner}, {receiver}, bytes}};
    }
};

TEST_F(SecondCopies, AreAcceptedAndSurviveTheOriginal) {
    begin_at("a", "b");
    feed(report(1, 0, 1, 0.5), copy(1, 2));
    feed(input::TransferDone{{0}});
    feed(input::WorkerLost{{1}, ""}, {effect::Noted{.kind = EventKind::requeued, .member = {0}, .lease = {0}}});
    EXPECT_NO_THROW(feed(report(2, 1, 1, 0.6), {assign(2, 2, 0, 1, 2, local(0, 2))}));
}

TEST_F(SecondCopies, AreSeenWhenTheyAreNotUsed) {
    begin_at("a", "b");
    feed(report(1, 0, 1, 0.5), copy(1, 2));
    feed(input::TransferDone{{0}});
    feed(input::WorkerLost{{1}, ""});
    EXPECT_ERROR(feed(report(2, 1, 1, 0.6),
                      {effect::Noted{.kind = EventKind::retrain, .member = {0}, .lease = {2}}, assign(2, 2, 0, 0, 2)}),
                 CheckFailed, "a member whose snapshot is available goes on from it");
}

TEST_F(SecondCopies, AreSeenWhenUsedBeforeTheyAreThere) {
    begin_at("a", "b");
    feed(report(1, 0, 1, 0.5), copy(1, 2));
    EXPECT_ERROR(feed(report(2, 1, 1, 0.4), {assign(2, 2, 0, 1, 2, local(0, 2))}), CheckFailed,
                 "a local snapshot is there");
}

TEST_F(SecondCopies, AreSeenWhenTheOwnerDoesNotHaveThem) {
    begin_at("a", "b");
    EXPECT_ERROR(feed(report(1, 0, 1, 0.5), copy(2, 1)), CheckFailed, "a worker serves what it has");
}

TEST_F(SecondCopies, AreSeenWithoutAServe) {
    begin_at("a", "b");
    EXPECT_ERROR(feed(report(1, 0, 1, 0.5), {effect::Replicate{{0}, {0}, {0}, 1, {1}, {2}, 1}}), CheckFailed,
                 "the owner was told to serve the second copy");
}

TEST_F(SecondCopies, AreSeenWhenTheyDoNotFit) {
    begin_at("a", "b", 5);
    feed(report(2, 1, 1, 0.6, 3));
    EXPECT_ERROR(feed(report(1, 0, 1, 0.5, 3), copy(1, 2, 3)), CheckFailed, "a second copy fits into its place");
}

TEST_F(SecondCopies, AreSeenOnTheSameHostWhenThereIsAnother) {
    begin_at("a", "a");
    feed(input::WorkerJoined{{3}, "b", "cpu", 0});
    EXPECT_ERROR(feed(report(1, 0, 1, 0.5), copy(1, 2)), CheckFailed,
                 "a second copy is on another host if there is one with room");
}

TEST_F(SecondCopies, AreSeenWhenTheyAreKeptForEver) {
    begin_at("a", "b");
    feed(report(1, 0, 1, 0.5), copy(1, 2));
    feed(input::TransferDone{{0}});
    const double nan = std::numeric_limits<double>::quiet_NaN();
    feed(report(2, 1, 1, nan), {effect::Drop{{2}, {1}}, assign(2, 2, 0, 1, 2, local(0, 2))});
    const Effects end = {effect::Noted{.kind = EventKind::new_best}, effect::Drop{{1}, {0}},
                         effect::Ended{EndReason::exhausted, {0}}};
    EXPECT_ERROR(feed(report(2, 2, 2, 0.4), end), CheckFailed, "snapshot 0 is kept although it is not needed")
        << "worker 2 still has snapshot 0";
}

TEST(CheckersBudget, SeeTooManyMembers) {
    Budget budget;
    budget.members = 1;
    Checkers checkers(CheckerSettings{.budget = budget});
    checkers.on({0, 0, input::IncarnationStarted{}}, {});
    const Effects two = {effect::Born{.member = {0}, .configuration = {}, .place = BirthPlace{}},
                         effect::Born{.member = {1}, .configuration = {}, .place = BirthPlace{}}};
    EXPECT_ERROR(checkers.on({1, 0, input::Ticked{}}, two), CheckFailed, "the member budget is kept");
}

}  // namespace
}  // namespace stemma
