#include "support/errors.hpp"
#include "unit/manager/harness.hpp"

namespace stemma::test {
namespace {

TEST(Dispatch, gives_a_new_member_to_a_worker_that_joins) {
    Harness run;
    run.scheduler->work = {action::Create{3}};
    const auto effects = run.start();
    EXPECT_EQ(only<effect::Born>(effects).member, MemberId{0});
    const auto lease = only<effect::Train>(effects);
    EXPECT_EQ(lease.worker, WorkerId{1});
    EXPECT_EQ(lease.from, 0);
    EXPECT_EQ(lease.to, 3);
    EXPECT_EQ(lease.source.kind, SourceKind::scratch);
    EXPECT_EQ(run.manager->member({0}).state, MemberState::training);
}

TEST(Dispatch, one_lease_a_worker_and_more_with_leases_ahead) {
    Harness one;
    one.scheduler->work = {action::Create{1}, action::Create{1}, action::Create{1}};
    EXPECT_EQ(all_of<effect::Train>(one.start(2)).size(), 2U);
    Harness ahead(ManagerSettings{.leases_ahead = 1});
    ahead.scheduler->work = {action::Create{1}, action::Create{1}, action::Create{1}};
    const auto leases = all_of<effect::Train>(ahead.start(1));
    ASSERT_EQ(leases.size(), 2U);
    EXPECT_EQ(leases[1].worker, WorkerId{1});
}

TEST(Dispatch, a_continued_member_stays_where_its_snapshot_is_if_that_worker_is_as_free) {
    Harness run;
    run.scheduler->work = {action::Create{1}, action::Create{1}};
    run.start(2);
    run.report(1, 0, 1, 0.5);
    run.scheduler->work = {action::Train{{1}, 3}};
    const auto lease = only<effect::Train>(run.report(2, 1, 1, 0.4));
    EXPECT_EQ(lease.worker, WorkerId{2});
    EXPECT_EQ(lease.source, (Source{SourceKind::local, {1}, {2}, {}, 10}));
    EXPECT_EQ(lease.from, 1);
}

TEST(Dispatch, else_its_snapshot_goes_from_worker_to_worker) {
    Harness run;
    run.scheduler->work = {action::Create{1}, action::Create{1}, action::Create{1}};
    run.start(2);
    run.report(1, 0, 1, 0.5);  // worker 1 goes on with member 2
    run.scheduler->work = {action::Train{{0}, 3}};
    const auto effects = run.report(2, 1, 1, 0.4);
    const auto lease = only<effect::Train>(effects);
    EXPECT_EQ(lease.worker, WorkerId{2});
    EXPECT_EQ(lease.source, (Source{SourceKind::peer, {0}, {1}, {0}, 10}));
    const auto serve = only<effect::Serve>(effects);
    EXPECT_EQ(serve.owner, WorkerId{1});
    EXPECT_EQ(serve.receiver, WorkerId{2});
}

TEST(Dispatch, a_repeat_takes_the_configuration_and_another_seed) {
    Harness run;
    run.scheduler->work = {action::Create{1}, action::Create{1, {0}}};
    const auto born = all_of<effect::Born>(run.start(2));
    ASSERT_EQ(born.size(), 2U);
    EXPECT_EQ(born[1].cause, BirthCause::repeat);
    EXPECT_EQ(born[1].parent, MemberId{0});
    EXPECT_NE(run.manager->training_seed({0}), run.manager->training_seed({1}));
}

TEST(Dispatch, ends_when_nothing_is_left) {
    Harness run;
    run.scheduler->work = {action::Create{1}};
    run.start(2);
    EXPECT_FALSE(run.manager->ended());
    const auto effects = run.report(1, 0, 1, 0.5);
    EXPECT_FALSE(run.manager->ended()) << "the durable copy of the best is under way";
    const auto last = run.feed(input::Persisted{{0}, true, ""});
    EXPECT_EQ(only<effect::Ended>(last).reason, EndReason::exhausted);
    EXPECT_EQ(only<effect::Ended>(last).best, MemberId{0});
    EXPECT_EQ(all_of<effect::Dismiss>(last).size(), 2U);
    EXPECT_EQ(only<effect::Persist>(effects).snapshot, SnapshotId{0});
}

TEST(Dispatch, an_exhausted_sampler_ends_the_births_not_the_search) {
    Harness run(ManagerSettings{.durable = DurablePolicy::none}, 1);
    run.scheduler->work = {action::Create{1}, action::Create{1}, action::Train{{0}, 2}};
    run.start(1);
    const auto effects = run.report(1, 0, 1, 0.5);
    EXPECT_TRUE(all_of<effect::Born>(effects).empty());
    EXPECT_EQ(only<effect::Train>(effects).to, 2);
    EXPECT_EQ(run.scheduler->count<event::NoMoreMembers>(), 1U);
}

TEST(Dispatch, a_late_worker_after_the_end_is_sent_away) {
    Harness run(ManagerSettings{.durable = DurablePolicy::none});
    run.scheduler->work = {action::Create{1}};
    run.start(1);
    run.report(1, 0, 1, 0.5);
    ASSERT_TRUE(run.manager->ended());
    EXPECT_EQ(only<effect::Dismiss>(run.feed(input::WorkerJoined{{2}, "host", "cpu", 0})).worker, WorkerId{2});
}

TEST(Dispatch, inputs_out_of_order_are_a_bug) {
    Harness run;
    Effects effects;
    EXPECT_ERROR(run.manager->on(Input{1, 0, input::Ticked{}}, effects), InternalError,
                 "inputs come in order of their sequence");
    run.manager->on(Input{0, 5, input::IncarnationStarted{}}, effects);
    EXPECT_ERROR(run.manager->on(Input{1, 4, input::Ticked{}}, effects), InternalError, "time never goes back");
}

}  // namespace
}  // namespace stemma::test
