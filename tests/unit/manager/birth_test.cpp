// Births from a parent's snapshot: the child's start, and how long which snapshot is needed.
#include <algorithm>

#include "unit/manager/harness.hpp"

namespace stemma::test {
namespace {

action::Create child_of(std::uint64_t parent, Resource to) {
    return {.to = to, .parent = {parent}, .generation = 1, .cause = BirthCause::exploit};
}

ManagerSettings not_durable() { return {.durable = DurablePolicy::none}; }

TEST(Births, a_child_starts_from_its_parents_snapshot_and_the_record_says_from_whom) {
    Harness run(not_durable());
    run.scheduler->work = {action::Create{3},
                           action::Create{.to = 5, .parent = {0}, .donor = {0}, .cause = BirthCause::exploit}};
    run.start(1);
    const auto effects = run.report(1, 0, 3, 0.5);
    const auto born = only<effect::Born>(effects);
    EXPECT_EQ(born.member, MemberId{1});
    EXPECT_EQ(born.cause, BirthCause::exploit);
    EXPECT_EQ(born.parent, MemberId{0});
    EXPECT_EQ(born.donor, MemberId{0});
    EXPECT_EQ(born.generation, 1U);
    const auto lease = only<effect::Train>(effects);
    EXPECT_EQ(lease.from, 3);
    EXPECT_EQ(lease.to, 5);
    EXPECT_EQ(lease.source.kind, SourceKind::local);
    EXPECT_EQ(lease.source.snapshot, SnapshotId{0});
    EXPECT_EQ(run.manager->member({1}).reached, 3);
    EXPECT_EQ(run.manager->latest_snapshot({1}), SnapshotId{0});
}

TEST(Births, the_record_says_the_place_of_a_member_and_whose_snapshot_starts_it) {
    Harness run(not_durable());
    run.scheduler->work = {
        action::Create{.to = 3, .bracket = {2}},
        action::Create{.to = 5, .parent = {0}, .cause = BirthCause::exploit, .replaces = {0}, .bracket = {}},
        action::Train{{1}, 7}};
    const auto first = run.start(1);
    EXPECT_EQ(only<effect::Born>(first).place->bracket, BracketId{2});
    EXPECT_FALSE(only<effect::Born>(first).place->replaced.exists());
    EXPECT_FALSE(only<effect::Train>(first).adopted_from->exists());

    const auto second = run.report(1, 0, 3, 0.5);
    EXPECT_EQ(only<effect::Born>(second).place->replaced, MemberId{0});
    EXPECT_EQ(*only<effect::Train>(second).adopted_from, MemberId{0});
    EXPECT_EQ(run.manager->adopted_from({1}), MemberId{0});

    const auto third = run.report(1, 1, 5, 0.4);
    EXPECT_FALSE(only<effect::Train>(third).adopted_from->exists()) << "it has a snapshot of its own";
    EXPECT_FALSE(run.manager->adopted_from({1}).exists());
}

TEST(Births, a_child_that_was_interrupted_before_its_first_unit_still_starts_from_its_parent) {
    Harness run(not_durable());
    run.scheduler->work = {action::Create{3}, action::Create{.to = 5, .parent = {0}, .cause = BirthCause::exploit}};
    run.start(1);
    run.report(1, 0, 3, 0.5);
    const auto again = run.feed(
        input::Report{.worker = {1}, .lease = {1}, .reached = 3, .seconds = 0, .snapshot_bytes = 0, .rows = {}});
    EXPECT_EQ(*only<effect::Train>(again).adopted_from, MemberId{0});
}

TEST(Births, a_selection_is_noted) {
    Harness run(not_durable());
    run.scheduler->work = {action::Create{3}};
    run.scheduler->after_report = {action::Select{{0}, 4}};
    run.start(1);
    const auto effects = run.report(1, 0, 3, 0.5);
    const auto notes = all_of<effect::Noted>(effects);
    const auto selected = std::ranges::find(notes, EventKind::selected, &effect::Noted::kind);
    ASSERT_NE(selected, notes.end());
    EXPECT_EQ(selected->member, MemberId{0});
    EXPECT_EQ(selected->value, 4);
}

TEST(Births, the_sampler_is_told_of_the_lineage) {
    Harness run(not_durable());
    run.scheduler->work = {action::Create{3},
                           action::Create{.to = 5, .parent = {0}, .donor = {0}, .cause = BirthCause::exploit}};
    run.start(1);
    run.report(1, 0, 3, 0.5);
    ASSERT_EQ(run.sampler->asked.size(), 2U);
    EXPECT_EQ(run.sampler->asked[1].parent, MemberId{0});
    EXPECT_EQ(run.sampler->asked[1].donor, MemberId{0});
    ASSERT_EQ(run.sampler->births.size(), 2U);
    EXPECT_EQ(run.sampler->births[0].from, 0);
    EXPECT_EQ(run.sampler->births[1].parent, MemberId{0});
    EXPECT_EQ(run.sampler->births[1].from, 3);
}

TEST(Births, a_child_that_repeats_its_parents_hyperparameters_is_not_asked_of_the_sampler) {
    Harness run(ManagerSettings{.budget = {.members = 1}, .durable = DurablePolicy::none});
    run.scheduler->work = {action::Create{1},
                           action::Create{.to = 2, .same_as = {0}, .parent = {0}, .cause = BirthCause::adoption}};
    run.start(1);
    const auto effects = run.report(1, 0, 1, 0.5);
    EXPECT_EQ(only<effect::Born>(effects).cause, BirthCause::adoption);
    EXPECT_EQ(only<effect::Born>(effects).parent, MemberId{0});
    EXPECT_EQ(run.sampler->asked.size(), 1U);
}

TEST(Births, the_parents_release_leaves_its_snapshot_to_the_child) {
    Harness run(not_durable());
    run.scheduler->work = {action::Create{1}, action::Create{2}, child_of(0, 3), action::Create{2}};
    run.start(2);
    run.report(1, 0, 1, 0.5);  // worker 1: the child
    run.scheduler->after_report = {action::Release{{0}}};
    EXPECT_TRUE(all_of<effect::Drop>(run.report(2, 1, 2, 0.1)).empty());
    // The child's own snapshot replaces the parent's, which is no longer needed.
    const auto effects = run.report(1, 2, 3, 0.4);
    EXPECT_EQ(only<effect::Drop>(effects).snapshot, SnapshotId{0});
}

TEST(Births, a_failed_attempt_is_retried_from_the_same_snapshot) {
    Harness run(not_durable());
    run.scheduler->work = {action::Create{1}, child_of(0, 3)};
    run.start(1);
    run.report(1, 0, 1, 0.5);
    run.feed(input::MemberStopped{{0}});
    const auto retry = only<effect::Train>(run.fail(1, 1, FailureKind::exception));
    EXPECT_EQ(retry.member, MemberId{1});
    EXPECT_EQ(retry.from, 1);
    EXPECT_EQ(retry.source.snapshot, SnapshotId{0});
    EXPECT_EQ(retry.attempt, 1U);
}

TEST(Births, what_a_child_leaves_unused_when_it_fails_for_good_is_dropped_at_once) {
    Harness run(ManagerSettings{.durable = DurablePolicy::none});
    run.scheduler->work = {action::Create{1}, action::Create{1}, child_of(1, 3)};
    run.start(1);
    run.report(1, 0, 1, 0.1);
    run.scheduler->after_report = {};
    run.report(1, 1, 1, 0.5);
    run.scheduler->work = {action::Create{1}};
    run.feed(input::MemberStopped{{1}});  // the parent goes; its child still trains
    const auto effects = run.fail(1, 2, FailureKind::infeasible);
    EXPECT_EQ(only<effect::Drop>(effects).snapshot, SnapshotId{1});
    EXPECT_EQ(run.manager->member({2}).state, MemberState::failed);
}

TEST(Births, many_children_of_one_parent_share_its_snapshot_and_copies_go_with_them) {
    Harness run(not_durable());
    run.scheduler->work = {action::Create{1}, action::Create{1}, action::Create{1}, action::Create{1}};
    run.start(4);
    for (int i = 0; i < 4; ++i) run.scheduler->work.push_back(child_of(0, 2));
    EXPECT_EQ(only<effect::Train>(run.report(1, 0, 1, 0.1)).source.kind, SourceKind::local);
    for (std::uint64_t worker = 2; worker <= 4; ++worker) {
        const auto lease = only<effect::Train>(run.report(worker, worker - 1, 1, 0.5));
        EXPECT_EQ(lease.source.kind, SourceKind::peer);
        EXPECT_EQ(lease.source.snapshot, SnapshotId{0});
        run.feed(input::TransferDone{lease.source.transfer});
    }
    // Four workers have the snapshot now. As the children report, copies beyond two are dropped.
    std::size_t drops = 0;
    for (std::uint64_t worker = 1; worker <= 4; ++worker) {
        for (const auto& drop : all_of<effect::Drop>(run.report(worker, 3 + worker, 2, 0.6))) {
            drops += drop.snapshot == SnapshotId{0} ? 1 : 0;
        }
    }
    EXPECT_EQ(drops, 2U);
    EXPECT_EQ(run.manager->latest_snapshot({0}), SnapshotId{0});
}

TEST(Births, without_the_parents_snapshot_there_is_no_birth_and_the_scheduler_hears_why) {
    Harness run(ManagerSettings{.durable = DurablePolicy::none, .spill = false});
    run.scheduler->work = {action::Create{1}, action::Create{1}, action::Create{1}};
    run.start(1, 15);
    run.report(1, 0, 1, 0.1);
    run.report(1, 1, 1, 0.5);  // evicts the least valuable: by age, that of member 0
    run.scheduler->work = {child_of(0, 3), action::Create{1}};
    const auto effects = run.report(1, 2, 1, 0.6);
    ASSERT_EQ(run.scheduler->count<event::ParentLost>(), 1U);
    EXPECT_EQ(only<effect::Born>(effects).cause, BirthCause::sampled);
    EXPECT_EQ(run.sampler->asked.size(), 4U) << "the sampler is not asked in vain";
}

TEST(Births, a_member_with_a_parent_is_given_up_rather_than_trained_from_scratch) {
    Harness run(not_durable());
    run.scheduler->work = {action::Create{1}, action::Create{9}, child_of(0, 3)};
    run.start(2);
    run.report(1, 0, 1, 0.5);
    EXPECT_TRUE(noted(run.feed(input::WorkerLost{{1}, "gone"}), EventKind::requeued));
    run.scheduler->work = {action::Create{1}};
    const auto effects = run.report(2, 1, 9, 0.4);
    EXPECT_TRUE(noted(effects, EventKind::member_failed));
    EXPECT_FALSE(noted(effects, EventKind::retrain));
    EXPECT_EQ(run.scheduler->count<event::GivenUp>(), 1U);
    EXPECT_EQ(run.manager->member({2}).state, MemberState::failed);
    EXPECT_EQ(only<effect::Train>(effects).member, MemberId{3}) << "the worker is not left idle";
    EXPECT_EQ(run.sampler->observed.size(), 2U) << "its loss says nothing of its configuration";
    EXPECT_EQ(run.sampler->gone, std::vector<MemberId>{MemberId{2}});
}

TEST(Births, on_resume_a_child_starts_from_the_durable_copy) {
    Harness run(ManagerSettings{.durable = DurablePolicy::all});
    run.scheduler->work = {action::Create{1}, child_of(0, 3)};
    run.start(1);
    run.report(1, 0, 1, 0.5);
    run.feed(input::Persisted{{0}, true, ""});
    EXPECT_TRUE(all_of<effect::Erase>(run.feed(input::MemberStopped{{0}})).empty()) << "its child needs it";
    run.feed(input::IncarnationStarted{1, 1});
    const auto lease = only<effect::Train>(run.feed(input::WorkerJoined{{1}, "host", "cpu", 0}));
    EXPECT_EQ(lease.member, MemberId{1});
    EXPECT_EQ(lease.from, 1);
    EXPECT_EQ(lease.source.kind, SourceKind::disk);
}

TEST(Births, the_resource_budget_counts_only_what_a_child_trains_itself) {
    Harness run(ManagerSettings{.budget = {.resource = 10}, .durable = DurablePolicy::none});
    run.scheduler->work = {action::Create{8}, child_of(0, 10), child_of(0, 10)};
    run.start(1);
    EXPECT_EQ(only<effect::Train>(run.report(1, 0, 8, 0.5)).to, 10);
    EXPECT_EQ(only<effect::Ended>(run.report(1, 1, 10, 0.4)).reason, EndReason::budget_resource);
    EXPECT_EQ(run.manager->totals().resource, 10U);
}

TEST(Births, go_where_the_weights_are_if_that_worker_is_as_free) {
    Harness run(not_durable());
    run.scheduler->work = {action::Create{1}, action::Create{1}};
    run.start(2);
    run.report(1, 0, 1, 0.5);
    run.scheduler->work = {child_of(1, 3)};
    EXPECT_EQ(only<effect::Train>(run.report(2, 1, 1, 0.4)).worker, WorkerId{2});
}

TEST(Deadlines, of_the_scheduler_tick_and_are_told) {
    Harness run(not_durable());
    run.scheduler->work = {action::Create{1}};
    run.start(1);
    run.scheduler->deadline = 100;
    EXPECT_DOUBLE_EQ(run.manager->next_deadline(), 100);
    run.feed(input::Ticked{}, 10);
    EXPECT_EQ(run.scheduler->count<event::TimePassed>(), 0U);
    run.feed(input::Ticked{}, 90);
    EXPECT_EQ(run.scheduler->count<event::TimePassed>(), 1U);
}

TEST(Deadlines, of_leases_that_are_over_need_no_tick) {
    Harness run(ManagerSettings{.durable = DurablePolicy::none, .lease_timeout = 50});
    run.scheduler->work = {action::Create{1}, action::Create{1}};
    run.start(1);
    const double first = run.time + 50;
    EXPECT_DOUBLE_EQ(run.manager->next_deadline(), first);
    run.report(1, 0, 1, 0.5);
    EXPECT_DOUBLE_EQ(run.manager->next_deadline(), first + 1) << "the second lease's, one second later";
    run.scheduler->work.clear();
    run.feed(input::StopRequested{});
    run.report(1, 1, 1, 0.5);
    EXPECT_TRUE(std::isinf(run.manager->next_deadline()));
}

TEST(StoppedMembers, are_given_up_when_their_lease_expires) {
    Harness run(ManagerSettings{.retries = 5, .durable = DurablePolicy::none, .lease_timeout = 50});
    run.scheduler->work = {action::Create{1}};
    run.start(1);
    run.feed(input::MemberStopped{{0}});
    const auto effects = run.feed(input::Ticked{}, 60);
    EXPECT_FALSE(noted(effects, EventKind::retry));
    EXPECT_EQ(run.manager->member({0}).state, MemberState::failed);
    EXPECT_TRUE(all_of<effect::Train>(effects).empty());
}

TEST(StoppedMembers, are_given_up_on_resume) {
    Harness run(not_durable());
    run.scheduler->work = {action::Create{1}};
    run.start(1);
    run.feed(input::MemberStopped{{0}});
    const auto effects = run.feed(input::IncarnationStarted{1, 1});
    EXPECT_TRUE(noted(effects, EventKind::member_failed));
    EXPECT_FALSE(noted(effects, EventKind::requeued));
    EXPECT_TRUE(all_of<effect::Train>(run.feed(input::WorkerJoined{{1}, "host", "cpu", 0})).empty());
}

TEST(Transfers, that_are_aborted_leave_no_copy_behind_that_is_not_in_the_table) {
    Harness run(not_durable());
    run.scheduler->work = {action::Create{1}, action::Create{1}, action::Create{1}};
    run.start(2);
    run.report(1, 0, 1, 0.5);
    run.scheduler->work = {child_of(0, 3)};
    EXPECT_EQ(only<effect::Train>(run.report(2, 1, 1, 0.6)).source.kind, SourceKind::peer);
    // The bulk may have arrived although no message about it has.
    const auto effects = run.fail(2, 3, FailureKind::infeasible);
    EXPECT_EQ(all_of<effect::AbortTransfer>(effects).size(), 2U);
    EXPECT_EQ(only<effect::Drop>(effects).worker, WorkerId{2});
    EXPECT_EQ(only<effect::Drop>(effects).snapshot, SnapshotId{0});
}

}  // namespace
}  // namespace stemma::test
