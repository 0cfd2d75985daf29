// Rules of one line each: a change of one sign or one statement would break them.
#include "manager/workers.hpp"
#include "unit/manager/harness.hpp"

namespace stemma::test {
namespace {

TEST(WorkerHosts, AHostIsAliveAsLongAsOneOfItsWorkers) {
    WorkerTable workers(1);
    workers.join({1}, "a", 0);
    workers.join({2}, "a", 0);
    workers.join({3}, "b", 0);
    EXPECT_EQ(workers.hosts_alive(), 2U);
    workers.remove({1});
    EXPECT_EQ(workers.hosts_alive(), 2U);
    workers.remove({3});
    EXPECT_EQ(workers.hosts_alive(), 1U);
    workers.remove({2});
    EXPECT_EQ(workers.hosts_alive(), 0U);
}

TEST(Edges, ATimeBudgetBelowASecondEndsTheSearch) {
    Harness run({.budget = {.seconds = 0.5}});
    run.scheduler->work = {action::Create{1}};
    EXPECT_EQ(only<effect::Ended>(run.start(1)).reason, EndReason::budget_seconds);
}

TEST(Edges, EachAssignmentIsCounted) {
    Harness run;
    run.scheduler->work = {action::Create{1}, action::Create{1}};
    run.start(2);
    EXPECT_EQ(run.manager->totals().leases, 2U);
}

TEST(Edges, AMemberThatIsStoppedWhileItWaitsIsTrainedNoMore) {
    Harness run;
    run.scheduler->work = {action::Create{1}};
    run.start(1);
    EXPECT_TRUE(noted(run.feed(input::IncarnationStarted{1, 1}), EventKind::requeued));
    EXPECT_TRUE(noted(run.feed(input::MemberStopped{{0}}), EventKind::member_failed));
    EXPECT_EQ(run.scheduler->count<event::GivenUp>(), 1U);
    run.scheduler->work = {action::Create{1}};
    EXPECT_EQ(only<effect::Train>(run.feed(input::WorkerJoined{{1}, "host", "cpu", 0})).member, MemberId{1});
}

TEST(Edges, AMemberThatIsStoppedBeforeItsFirstUnitIsGivenUp) {
    Harness run;
    run.scheduler->work = {action::Create{3}};
    run.start(1);
    run.feed(input::MemberStopped{{0}});
    EXPECT_TRUE(noted(run.feed(input::Report{{1}, {0}, 0, 1.0, 0, {}}), EventKind::member_failed));
    EXPECT_EQ(run.scheduler->count<event::GivenUp>(), 1U);
}

TEST(Edges, ATrainingCutBeforeItsFirstUnitGoesBackToTheQueue) {
    Harness run;
    run.scheduler->work = {action::Create{3}};
    run.start(1);
    EXPECT_EQ(only<effect::Train>(run.feed(input::Report{{1}, {0}, 0, 1.0, 0, {}})).member, MemberId{0});
    EXPECT_EQ(run.scheduler->count<event::GivenUp>(), 0U);
}

TEST(Edges, TheSchedulerSeesACurveWhoseUnitsRise) {
    Harness run;
    run.scheduler->work = {action::Create{2}, action::Create{1}};
    run.start(1);
    run.feed(input::Report{{1}, {0}, 2, 1.0, 10, {{1, {0.9}}, {1, {0.8}}, {2, {0.5}}}});
    const auto& seen = run.scheduler->seen;
    const auto last = std::find_if(seen.rbegin(), seen.rend(),
                                   [](const Event& event) { return std::holds_alternative<event::Report>(event); });
    ASSERT_NE(last, seen.rend());
    const auto curve = std::get<event::Report>(*last).curve;
    ASSERT_EQ(curve.size(), 2U);
    EXPECT_EQ(curve[0].resource, 1);
    EXPECT_EQ(curve[0].objective, 0.9) << "the first of two rows of one unit";
    EXPECT_EQ(curve[1].resource, 2);
}

TEST(Edges, AMemberThatDivergesLaterIsOver) {
    Harness run(ManagerSettings{.durable = DurablePolicy::none});
    run.scheduler->work = {action::Create{1}, action::Create{1}, action::Train{{0}, 2}, action::Create{1}};
    run.start(1);
    run.report(1, 0, 1, 0.5);
    run.report(1, 1, 1, 0.4);  // the best from now on
    const auto effects = run.fail(1, 2, FailureKind::nonfinite);
    EXPECT_EQ(run.manager->member({0}).state, MemberState::diverged);
    EXPECT_EQ(only<effect::Drop>(effects).snapshot, SnapshotId{0});
}

TEST(Edges, WhatALostWorkerTrainedIsPaid) {
    Harness run({.budget = {.resource = 100}});
    run.scheduler->work = {action::Create{4}, action::Create{1}};
    run.start(2);
    run.feed(input::WorkerLost{{1}, "gone"});
    EXPECT_EQ(run.manager->totals().resource, 4U);
}

TEST(Edges, WhatTheBudgetDoesNotPayForIsTrainedOnceWhenItDoes) {
    Harness run({.budget = {.resource = 10}});
    run.scheduler->work = {action::Create{4}, action::Create{1}};
    run.start(3);
    run.scheduler->work = {action::Train{{0}, 8}};
    EXPECT_TRUE(all_of<effect::Train>(run.report(1, 0, 4, 0.5, 0)).empty()) << "anew from scratch: 8 units of 5";
    EXPECT_TRUE(all_of<effect::Train>(run.feed(input::Ticked{})).empty());
    EXPECT_EQ(only<effect::Train>(run.feed(input::BudgetChanged{{.resource = 100}, 0})).member, MemberId{0});
}

TEST(Edges, WhatCouldNotBeSpiltIsSpiltOnceMore) {
    Harness run(ManagerSettings{.durable = DurablePolicy::none, .spill = true});
    for (int i = 0; i < 5; ++i) run.scheduler->work.push_back(action::Create{1});
    run.start(1, 15);
    run.report(1, 0, 1, 0.1);
    EXPECT_EQ(only<effect::Persist>(run.report(1, 1, 1, 0.5)).snapshot, SnapshotId{0});
    run.feed(input::Persisted{{0}, false, "the disk is full"});
    const auto again = all_of<effect::Persist>(run.report(1, 2, 1, 0.6));
    ASSERT_FALSE(again.empty());
    EXPECT_EQ(again[0].snapshot, SnapshotId{0});
}

TEST(Edges, DurableSnapshotsAreNamedInOrder) {
    Harness run(ManagerSettings{.durable = DurablePolicy::all});
    run.scheduler->work = {action::Create{1}, action::Create{1}, action::Create{1}, action::Create{1}};
    run.start(1);
    run.report(1, 0, 1, 0.9);
    run.scheduler->after_report = {action::Release{{0}}};
    run.report(1, 1, 1, 0.1);
    run.report(1, 2, 1, 0.5);  // in the place of member 0's
    for (const std::uint64_t id : {1U, 2U}) run.feed(input::Persisted{{id}, true, ""});
    EXPECT_THAT(run.manager->durable_snapshots(), testing::ElementsAre(SnapshotId{1}, SnapshotId{2}));
}

TEST(Edges, NoSecondCopyIsMadeAfterTheEnd) {
    Harness run(ManagerSettings{.durable = DurablePolicy::none, .replicated = DurablePolicy::all});
    run.scheduler->work = {action::Create{1}, action::Create{1}};
    run.feed(input::IncarnationStarted{0, 3});
    for (std::uint64_t worker = 1; worker <= 3; ++worker) {
        run.feed(input::WorkerJoined{{worker}, "host-" + std::to_string(worker), "cpu", 0});
    }
    const auto first = only<effect::Replicate>(run.report(1, 0, 1, 0.5));
    run.feed(input::TransferDone{first.transfer});
    ASSERT_EQ(all_of<effect::Ended>(run.report(2, 1, 1, 0.6)).size(), 1U);
    EXPECT_TRUE(all_of<effect::Replicate>(run.feed(input::WorkerLost{first.worker, "gone"})).empty());
}

}  // namespace
}  // namespace stemma::test
