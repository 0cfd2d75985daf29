#include "unit/manager/harness.hpp"

namespace stemma::test {
namespace {

TEST(Snapshots, a_new_report_replaces_the_one_before) {
    Harness run(ManagerSettings{.durable = DurablePolicy::none});
    run.scheduler->work = {action::Create{1}, action::Train{{0}, 2}, action::Create{1}};
    run.start(1);
    run.report(1, 0, 1, 0.5);
    const auto effects = run.report(1, 1, 2, 0.4);
    EXPECT_EQ(only<effect::Drop>(effects).snapshot, SnapshotId{0});
}

TEST(Snapshots, the_best_one_is_kept_when_its_member_gets_worse) {
    Harness run;
    run.scheduler->work = {action::Create{1}, action::Train{{0}, 2}, action::Create{1}};
    run.start(1);
    EXPECT_EQ(only<effect::Persist>(run.report(1, 0, 1, 0.5)).snapshot, SnapshotId{0});
    EXPECT_TRUE(all_of<effect::Drop>(run.report(1, 1, 2, 0.9)).empty());
    EXPECT_EQ(run.manager->best()->snapshot, SnapshotId{0});
    EXPECT_EQ(run.manager->best()->resource, 1);
    run.feed(input::Persisted{{0}, true, ""});
    EXPECT_THAT(run.manager->durable_snapshots(), testing::ElementsAre(SnapshotId{0}));
}

TEST(Snapshots, a_released_member_frees_memory_and_disk) {
    Harness run(ManagerSettings{.durable = DurablePolicy::all});
    run.scheduler->work = {action::Create{1}, action::Create{1}, action::Create{1}};
    run.start(1);
    run.report(1, 0, 1, 0.1);
    run.feed(input::Persisted{{0}, true, ""});
    run.report(1, 1, 1, 0.5);
    run.feed(input::Persisted{{1}, true, ""});
    run.scheduler->after_report = {action::Release{{1}}};
    const auto effects = run.report(1, 2, 1, 0.4);
    EXPECT_EQ(only<effect::Drop>(effects).snapshot, SnapshotId{1});
    EXPECT_EQ(only<effect::Erase>(effects).snapshot, SnapshotId{1});
    EXPECT_EQ(run.manager->member({1}).state, MemberState::released);
}

TEST(Snapshots, beyond_the_quota_the_least_important_goes) {
    Harness run(ManagerSettings{.durable = DurablePolicy::none, .spill = false});
    for (int i = 0; i < 5; ++i) run.scheduler->work.push_back(action::Create{1});
    run.start(1, 25);
    run.scheduler->after_report = {action::Keep{{0}, 3.0, false}};
    run.report(1, 0, 1, 0.1);
    run.scheduler->after_report = {action::Keep{{1}, 1.0, false}};
    run.report(1, 1, 1, 0.5);
    const auto effects = run.report(1, 2, 1, 0.4);
    EXPECT_TRUE(noted(effects, EventKind::evicted));
    EXPECT_EQ(only<effect::Drop>(effects).snapshot, SnapshotId{1});
}

TEST(Snapshots, an_evicted_member_is_retrained_from_scratch_and_the_log_says_so) {
    Harness run(ManagerSettings{.durable = DurablePolicy::none, .spill = false});
    run.scheduler->work = {action::Create{1}, action::Create{1}, action::Create{1}, action::Train{{1}, 3}};
    run.start(1, 15);
    run.report(1, 0, 1, 0.1);
    run.report(1, 1, 1, 0.5);
    const auto effects = run.report(1, 2, 1, 0.4);
    EXPECT_TRUE(noted(effects, EventKind::retrain));
    const auto lease = only<effect::Train>(effects);
    EXPECT_EQ(lease.from, 0);
    EXPECT_EQ(lease.to, 3);
    EXPECT_EQ(run.manager->totals().retrained, 1U);
}

TEST(Snapshots, with_spill_it_leaves_memory_once_the_disk_has_it) {
    Harness run(ManagerSettings{.durable = DurablePolicy::none, .spill = true});
    for (int i = 0; i < 5; ++i) run.scheduler->work.push_back(action::Create{1});
    run.start(1, 15);
    run.report(1, 0, 1, 0.1);
    const auto effects = run.report(1, 1, 1, 0.5);
    EXPECT_EQ(only<effect::Persist>(effects).snapshot, SnapshotId{0});
    EXPECT_TRUE(all_of<effect::Drop>(effects).empty());
    EXPECT_EQ(only<effect::Drop>(run.feed(input::Persisted{{0}, true, ""})).snapshot, SnapshotId{0});
    run.scheduler->work = {action::Train{{0}, 2}};
    EXPECT_EQ(only<effect::Train>(run.report(1, 2, 1, 0.6)).source.kind, SourceKind::disk);
}

TEST(Snapshots, a_copy_that_cannot_be_had_is_not_named_again) {
    Harness run(ManagerSettings{.durable = DurablePolicy::none});
    run.scheduler->work = {action::Create{1}, action::Train{{0}, 2}};
    run.start(1);
    EXPECT_EQ(only<effect::Train>(run.report(1, 0, 1, 0.5)).source.kind, SourceKind::local);
    const auto effects = run.fail(1, 1, FailureKind::snapshot_unavailable);
    EXPECT_EQ(only<effect::Train>(effects).source.kind, SourceKind::scratch);
    EXPECT_TRUE(noted(effects, EventKind::retrain));
}

TEST(Snapshots, the_owners_death_in_mid_transfer_costs_only_the_transfer) {
    Harness run;
    run.scheduler->work = {action::Create{1}, action::Create{1}, action::Create{1}};
    run.start(2);
    run.report(1, 0, 1, 0.5);
    run.feed(input::Persisted{{0}, true, ""});
    run.scheduler->work = {action::Train{{0}, 3}};
    EXPECT_EQ(only<effect::Train>(run.report(2, 1, 1, 0.6)).source.kind, SourceKind::peer);
    const auto effects = run.feed(input::WorkerLost{{1}, "gone"});
    EXPECT_EQ(only<effect::AbortTransfer>(effects).worker, WorkerId{2});
    const auto retry = run.fail(2, 3, FailureKind::snapshot_unavailable);
    EXPECT_EQ(all_of<effect::Train>(retry).front().source.kind, SourceKind::disk);
}

TEST(Snapshots, after_a_transfer_both_ends_have_it_and_both_drop_it) {
    Harness run(ManagerSettings{.durable = DurablePolicy::none});
    run.scheduler->work = {action::Create{1}, action::Create{1}, action::Create{1}};
    run.start(2);
    run.report(1, 0, 1, 0.5);
    run.scheduler->work = {action::Train{{0}, 3}};
    run.report(2, 1, 1, 0.6);
    run.feed(input::TransferDone{{0}});
    const auto drops = all_of<effect::Drop>(run.report(2, 3, 3, 0.4));
    ASSERT_EQ(drops.size(), 2U);
    EXPECT_EQ(drops[0].snapshot, SnapshotId{0});
    EXPECT_EQ(drops[1].snapshot, SnapshotId{0});
    EXPECT_NE(drops[0].worker, drops[1].worker);
}

TEST(Snapshots, on_resume_members_continue_from_disk_or_from_scratch) {
    Harness run(ManagerSettings{.durable = DurablePolicy::all});
    run.scheduler->work = {action::Create{1}, action::Create{1}, action::Create{1}};
    run.start(1);
    run.report(1, 0, 1, 0.5);
    run.feed(input::Persisted{{0}, true, ""});
    run.report(1, 1, 1, 0.6);
    const auto resumed = run.feed(input::IncarnationStarted{1, 1});
    EXPECT_TRUE(noted(resumed, EventKind::requeued));
    EXPECT_EQ(only<effect::Train>(run.feed(input::WorkerJoined{{1}, "host", "cpu", 0})).member, MemberId{2});
    run.scheduler->work = {action::Train{{0}, 2}, action::Train{{1}, 2}};
    EXPECT_EQ(only<effect::Train>(run.report(1, 3, 1, 0.7)).source.kind, SourceKind::disk);
    EXPECT_EQ(only<effect::Train>(run.report(1, 4, 2, 0.3)).source.kind, SourceKind::scratch)
        << "its copy was never confirmed";
}

TEST(Snapshots, a_promised_copy_that_is_missing_means_retraining) {
    Harness run(ManagerSettings{.durable = DurablePolicy::all});
    run.scheduler->work = {action::Create{1}};
    run.start(1);
    run.report(1, 0, 1, 0.5);
    run.feed(input::Persisted{{0}, true, ""});
    run.feed(input::IncarnationStarted{1, 1});
    run.feed(input::SnapshotMissing{{0}});
    run.scheduler->work = {action::Train{{0}, 2}};
    EXPECT_EQ(only<effect::Train>(run.feed(input::WorkerJoined{{1}, "host", "cpu", 0})).source.kind,
              SourceKind::scratch);
}

}  // namespace
}  // namespace stemma::test
