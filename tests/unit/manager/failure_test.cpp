#include <cmath>

#include "unit/manager/harness.hpp"

namespace stemma::test {
namespace {

ManagerSettings quiet() { return {.durable = DurablePolicy::none}; }

TEST(Failure, an_exception_is_retried_once_on_another_worker) {
    Harness run(quiet());
    run.scheduler->work = {action::Create{2}};
    run.start(2);
    const auto effects = run.fail(1, 0, FailureKind::exception);
    EXPECT_TRUE(noted(effects, EventKind::retry));
    const auto retry = only<effect::Train>(effects);
    EXPECT_EQ(retry.worker, WorkerId{2});
    EXPECT_EQ(retry.attempt, 1U);
    const auto last = run.fail(2, 1, FailureKind::exception);
    EXPECT_TRUE(noted(last, EventKind::member_failed));
    EXPECT_EQ(run.manager->member({0}).state, MemberState::failed);
    EXPECT_EQ(run.scheduler->count<event::GivenUp>(), 1U);
}

TEST(Failure, the_only_worker_retries_itself) {
    Harness run(quiet());
    run.scheduler->work = {action::Create{2}};
    run.start(1);
    EXPECT_EQ(only<effect::Train>(run.fail(1, 0, FailureKind::exception)).worker, WorkerId{1});
}

TEST(Failure, retries_end_however_many_are_allowed) {
    Harness run({.retries = 300, .durable = DurablePolicy::none});
    run.scheduler->work = {action::Create{2}};
    run.start(1);
    for (std::uint64_t lease = 0; lease < 300; ++lease) {
        ASSERT_TRUE(noted(run.fail(1, lease, FailureKind::exception), EventKind::retry)) << lease;
    }
    EXPECT_TRUE(noted(run.fail(1, 300, FailureKind::exception), EventKind::member_failed));
}

TEST(Failure, a_retry_waits_for_another_worker_while_others_work) {
    Harness run(quiet());
    run.scheduler->work = {action::Create{2}, action::Create{2}, action::Create{2}};
    run.start(2);
    const auto effects = run.fail(1, 0, FailureKind::exception);
    EXPECT_EQ(only<effect::Train>(effects).member, MemberId{2}) << "worker 1 goes on with something else";
    EXPECT_EQ(only<effect::Train>(run.report(2, 1, 2, 0.5)).member, MemberId{0}) << "worker 2 takes the retry";
}

TEST(Failure, out_of_memory_and_infeasible_are_never_retried) {
    for (const auto kind : {FailureKind::out_of_memory, FailureKind::infeasible}) {
        Harness run(quiet());
        run.scheduler->work = {action::Create{2}};
        run.start(2);
        const auto effects = run.fail(1, 0, kind);
        EXPECT_TRUE(all_of<effect::Train>(effects).empty());
        EXPECT_TRUE(noted(effects, EventKind::member_failed));
    }
}

TEST(Failure, non_finite_ranks_worst_and_is_no_candidate_for_best) {
    Harness run(quiet());
    run.scheduler->work = {action::Create{2}, action::Create{2}};
    run.start(2);
    EXPECT_TRUE(noted(run.fail(1, 0, FailureKind::nonfinite), EventKind::member_diverged));
    EXPECT_TRUE(noted(run.report(2, 1, 2, std::nan("")), EventKind::member_diverged));
    EXPECT_FALSE(run.manager->best());
    ASSERT_EQ(run.scheduler->count<event::Report>(), 2U);
    for (const auto& event : run.scheduler->seen) {
        if (const auto* reported = std::get_if<event::Report>(&event)) {
            EXPECT_EQ(reported->objective, std::numeric_limits<double>::infinity());
            EXPECT_EQ(reported->resource, 2);
        }
    }
}

TEST(Failure, the_sampler_learns_the_kind_of_what_lies_in_the_configuration) {
    for (const auto& [kind, learned] : {std::pair(FailureKind::nonfinite, Infeasibility::nonfinite),
                                        std::pair(FailureKind::out_of_memory, Infeasibility::out_of_memory),
                                        std::pair(FailureKind::infeasible, Infeasibility::refused)}) {
        Harness run(quiet());
        run.scheduler->work = {action::Create{4}};
        run.start(1);
        run.fail(1, 0, kind);
        ASSERT_EQ(run.sampler->observed.size(), 1U);
        EXPECT_EQ(run.sampler->observed[0].failure, learned);
        EXPECT_EQ(run.sampler->observed[0].resource, 4) << "to which it was to be trained";
        EXPECT_EQ(run.sampler->observed[0].objective, std::numeric_limits<double>::infinity());
    }
    Harness run(quiet());
    run.scheduler->work = {action::Create{4}};
    run.start(1);
    run.report(1, 0, 4, std::nan(""));
    ASSERT_EQ(run.sampler->observed.size(), 1U);
    EXPECT_EQ(run.sampler->observed[0].failure, Infeasibility::nonfinite) << "a report says it as well";
}

TEST(Failure, the_sampler_learns_nothing_of_what_does_not_lie_in_the_configuration) {
    for (const auto kind :
         {FailureKind::exception, FailureKind::timed_out, FailureKind::worker_lost, FailureKind::broken_program}) {
        Harness run({.retries = 0, .durable = DurablePolicy::none});
        run.scheduler->work = {action::Create{4}};
        run.start(1);
        run.fail(1, 0, kind);
        if (kind == FailureKind::broken_program) run.fail(1, 1, kind);
        EXPECT_EQ(run.manager->member({0}).state, MemberState::failed);
        EXPECT_EQ(run.manager->member({0}).failure, kind);
        EXPECT_TRUE(run.sampler->observed.empty());
        EXPECT_EQ(run.sampler->gone.size(), 1U);
    }
}

TEST(Failure, a_lost_worker_and_a_lease_that_ends_teach_nothing) {
    Harness run({.retries = 0, .durable = DurablePolicy::none, .lease_timeout = 10});
    run.scheduler->work = {action::Create{4}, action::Create{4}};
    run.start(1);
    run.feed(input::Ticked{}, 1000);
    EXPECT_EQ(run.manager->member({0}).failure, FailureKind::timed_out);
    Harness lost(quiet());
    lost.scheduler->work = {action::Create{4}};
    lost.start(4);
    for (std::uint64_t worker = 1; worker <= 4; ++worker) lost.feed(input::WorkerLost{{worker}, "gone"});
    EXPECT_EQ(lost.manager->member({0}).failure, FailureKind::worker_lost);
    EXPECT_TRUE(run.sampler->observed.empty());
    EXPECT_TRUE(lost.sampler->observed.empty());
}

TEST(Failure, a_failure_after_a_stop_was_wished_teaches_nothing) {
    Harness run(quiet());
    run.scheduler->work = {action::Create{4}};
    run.start(1);
    run.feed(input::MemberStopped{{0}});
    run.fail(1, 0, FailureKind::out_of_memory);
    EXPECT_EQ(run.manager->member({0}).state, MemberState::failed);
    EXPECT_EQ(run.manager->member({0}).failure, FailureKind::none);
}

TEST(Failure, a_device_error_retires_the_worker_and_moves_the_member) {
    Harness run(quiet());
    run.scheduler->work = {action::Create{2}};
    run.start(2);
    const auto effects = run.fail(1, 0, FailureKind::device);
    EXPECT_TRUE(noted(effects, EventKind::worker_retired));
    EXPECT_EQ(only<effect::Dismiss>(effects).worker, WorkerId{1});
    EXPECT_EQ(only<effect::Train>(effects).worker, WorkerId{2});
    EXPECT_EQ(run.manager->totals().failures, 0U);
}

// A device error breaks the process of a program, which is replaced at once: the worker is kept.
TEST(Failure, a_broken_program_costs_one_bad_member_and_nobody_else) {
    Harness run(quiet());
    run.scheduler->work = {action::Create{2}, action::Create{2}, action::Create{2}};
    run.start(1);
    EXPECT_EQ(only<effect::Train>(run.fail(1, 0, FailureKind::broken_program)).member, MemberId{0})
        << "on a fresh program";
    const auto effects = run.fail(1, 1, FailureKind::broken_program);
    EXPECT_TRUE(noted(effects, EventKind::member_failed));
    EXPECT_TRUE(all_of<effect::Dismiss>(effects).empty());
    EXPECT_EQ(only<effect::Train>(effects).member, MemberId{1}) << "the worker works on";
    run.report(1, 2, 2, 0.5);
    EXPECT_EQ(only<effect::Train>(run.fail(1, 3, FailureKind::broken_program)).member, MemberId{2});
    run.report(1, 4, 2, 0.4);
    EXPECT_EQ(run.manager->totals().failures, 1U);
    EXPECT_EQ(run.manager->totals().reports, 2U);
}

TEST(Failure, a_member_that_broke_a_program_is_tried_once_more_elsewhere) {
    Harness run({.retries = 0, .durable = DurablePolicy::none});
    run.scheduler->work = {action::Create{2}};
    run.start(2);
    EXPECT_EQ(only<effect::Train>(run.fail(1, 0, FailureKind::broken_program)).worker, WorkerId{2});
    run.scheduler->work = {action::Train{{0}, 4}};
    const auto next = run.report(2, 1, 2, 0.5);
    EXPECT_EQ(run.manager->totals().failures, 0U);
    const auto lease = only<effect::Train>(next);
    const auto again = run.fail(lease.worker.value, lease.lease.value, FailureKind::broken_program);
    EXPECT_TRUE(noted(again, EventKind::retry)) << "each training anew";
}

TEST(Failure, two_members_in_a_row_that_break_fresh_programs_retire_the_worker) {
    Harness run(quiet());
    for (int i = 0; i < 6; ++i) run.scheduler->work.push_back(action::Create{2});
    run.start(2);
    std::uint64_t lease = 0;  // worker 1's
    for (int broken = 0; broken < 3; ++broken) {
        const auto effects = run.fail(1, lease, FailureKind::broken_program);
        EXPECT_EQ(noted(effects, EventKind::worker_retired), broken == 2) << broken;
        if (broken == 2) {
            EXPECT_EQ(only<effect::Dismiss>(effects).worker, WorkerId{1});
            EXPECT_EQ(run.manager->totals().failures, 0U) << "each is tried on the other worker";
            break;
        }
        for (const auto& assign : all_of<effect::Train>(effects)) {
            if (assign.worker == WorkerId{1}) lease = assign.lease.value;
        }
    }
}

TEST(Failure, the_only_worker_is_retired_after_the_second_member) {
    Harness run(quiet());
    for (int i = 0; i < 6; ++i) run.scheduler->work.push_back(action::Create{2});
    run.start(1);
    run.fail(1, 0, FailureKind::broken_program);
    EXPECT_TRUE(noted(run.fail(1, 1, FailureKind::broken_program), EventKind::member_failed));
    const auto effects = run.fail(1, 2, FailureKind::broken_program);
    EXPECT_TRUE(noted(effects, EventKind::worker_retired));
    EXPECT_EQ(only<effect::Ended>(effects).reason, EndReason::no_workers);
    EXPECT_EQ(only<effect::Train>(run.start(1)).member, MemberId{1}) << "the second one is tried again after a resume";
}

TEST(Failure, another_outcome_between_two_broken_programs_clears_the_worker) {
    Harness run(quiet());
    for (int i = 0; i < 9; ++i) run.scheduler->work.push_back(action::Create{2});
    run.start(1);
    std::uint64_t lease = 0;
    for (int round = 0; round < 3; ++round) {
        run.fail(1, lease++, FailureKind::broken_program);
        run.fail(1, lease++, FailureKind::broken_program);
        const auto effects =
            round % 2 == 0 ? run.report(1, lease++, 2, 0.5) : run.fail(1, lease++, FailureKind::out_of_memory);
        EXPECT_FALSE(noted(effects, EventKind::worker_retired));
    }
    EXPECT_FALSE(run.manager->ended());
}

TEST(Failure, a_lost_workers_lease_goes_back_and_its_late_report_is_not_ranked) {
    Harness run(quiet());
    run.scheduler->work = {action::Create{2}};
    run.start(2);
    const auto effects = run.feed(input::WorkerLost{{1}, "no heartbeat"});
    EXPECT_TRUE(noted(effects, EventKind::requeued));
    EXPECT_EQ(only<effect::Train>(effects).worker, WorkerId{2});
    EXPECT_TRUE(noted(run.report(1, 0, 2, 0.1), EventKind::late_report));
    EXPECT_FALSE(run.manager->best());
    EXPECT_EQ(run.manager->totals().late, 1U);
}

TEST(Failure, a_member_that_takes_worker_after_worker_with_it_is_given_up) {
    Harness run(quiet());
    run.scheduler->work = {action::Create{2}, action::Create{2}};
    run.start(5);
    Effects effects;
    std::uint64_t lease = 0;
    for (std::uint64_t worker : {1, 3, 4, 5}) {
        effects = run.feed(input::WorkerLost{{worker}, "gone"});
        if (!all_of<effect::Train>(effects).empty()) lease = only<effect::Train>(effects).lease.value;
    }
    EXPECT_GT(lease, 1U);
    EXPECT_TRUE(noted(effects, EventKind::member_failed));
    EXPECT_FALSE(run.manager->ended()) << "worker 2 is still at work";
}

TEST(Failure, no_worker_left_ends_the_run_resumable) {
    Harness run(quiet());
    run.scheduler->work = {action::Create{2}};
    run.start(2);
    run.feed(input::WorkerLost{{1}, "gone"});
    EXPECT_EQ(only<effect::Ended>(run.feed(input::WorkerLost{{2}, "gone"})).reason, EndReason::no_workers);
    EXPECT_EQ(only<effect::Train>(run.start(1)).member, MemberId{0}) << "the next incarnation goes on";
}

TEST(Failure, workers_that_are_still_expected_keep_the_run_alive) {
    Harness run(quiet());
    run.scheduler->work = {action::Create{2}};
    run.feed(input::IncarnationStarted{0, 3});
    run.feed(input::WorkerJoined{{1}, "host", "cpu", 0});
    run.feed(input::WorkerLost{{1}, "gone"});
    EXPECT_FALSE(run.manager->ended());
    run.feed(input::WorkerLost{{2}, "never said hello"});
    EXPECT_FALSE(run.manager->ended());
    EXPECT_EQ(only<effect::Train>(run.feed(input::WorkerJoined{{3}, "host", "cpu", 0})).worker, WorkerId{3});
}

TEST(Failure, the_same_error_from_many_members_stops_the_search) {
    auto settings = quiet();
    settings.retries = 0;
    settings.failures_in_a_row = 3;
    Harness run(settings);
    for (int i = 0; i < 10; ++i) run.scheduler->work.push_back(action::Create{2});
    run.start(1);
    run.fail(1, 0, FailureKind::exception);
    run.fail(1, 1, FailureKind::exception, "another::type");
    run.fail(1, 2, FailureKind::exception);
    run.fail(1, 3, FailureKind::exception);
    EXPECT_FALSE(run.manager->ended());
    EXPECT_EQ(only<effect::Ended>(run.fail(1, 4, FailureKind::exception)).reason, EndReason::repeated_failure);
}

TEST(Failure, a_lease_beyond_its_deadline_is_given_to_somebody_else) {
    auto settings = quiet();
    settings.lease_timeout = 10;
    Harness run(settings);
    run.scheduler->work = {action::Create{2}};
    run.start(2);
    EXPECT_DOUBLE_EQ(run.manager->next_deadline(), 12);
    EXPECT_TRUE(all_of<effect::Train>(run.feed(input::Ticked{}, 5)).empty());
    const auto effects = run.feed(input::Ticked{}, 10);
    EXPECT_EQ(only<effect::Cancel>(effects).worker, WorkerId{1});
    EXPECT_EQ(only<effect::Train>(effects).worker, WorkerId{2});
    EXPECT_TRUE(noted(run.report(1, 0, 2, 0.1), EventKind::late_report));
    EXPECT_EQ(run.manager->totals().late, 1U);
}

ManagerSettings patient() {
    auto settings = quiet();
    settings.lease_patience = 10;
    settings.lease_floor = 30;
    return settings;
}

TEST(Failure, a_lease_that_takes_far_longer_than_the_slowest_is_given_to_somebody_else) {
    Harness run(patient());
    for (int i = 0; i < 5; ++i) run.scheduler->work.push_back(action::Create{20});
    run.start(2);
    EXPECT_EQ(run.manager->next_deadline(), std::numeric_limits<double>::infinity()) << "no pace is known";
    run.feed(input::Report{{1}, {0}, 20, 100.0, 10, {{20, {0.5}}}}, 100);
    // 5 s for each unit, 20 units, ten times as long: for the open lease and for the new one.
    EXPECT_DOUBLE_EQ(run.manager->next_deadline(), run.time + 1000);
    const auto effects = run.feed(input::Ticked{}, 1000);
    EXPECT_EQ(all_of<effect::Cancel>(effects).size(), 2U);
    EXPECT_TRUE(noted(effects, EventKind::retry));
}

TEST(Failure, patience_never_ends_before_the_floor) {
    Harness run(patient());
    for (int i = 0; i < 3; ++i) run.scheduler->work.push_back(action::Create{2});
    run.start(1);
    run.report(1, 0, 2, 0.5);
    EXPECT_DOUBLE_EQ(run.manager->next_deadline(), run.time + 30);
}

TEST(Failure, a_deadline_counts_the_leases_ahead) {
    auto settings = patient();
    settings.leases_ahead = 1;
    Harness run(settings);
    for (int i = 0; i < 5; ++i) run.scheduler->work.push_back(action::Create{20});
    run.start(1);
    run.feed(input::Report{{1}, {0}, 20, 100.0, 10, {{20, {0.5}}}}, 100);
    EXPECT_DOUBLE_EQ(run.manager->next_deadline(), run.time + 1000);
    run.feed(input::Report{{1}, {1}, 20, 100.0, 10, {{20, {0.5}}}}, 100);
    EXPECT_DOUBLE_EQ(run.manager->next_deadline(), run.time - 100 + 2000) << "lease 2 waited behind lease 1";
}

TEST(Failure, a_late_report_shows_that_a_slow_worker_works) {
    auto settings = quiet();
    settings.lease_timeout = 10;
    Harness run(settings);
    for (int i = 0; i < 10; ++i) run.scheduler->work.push_back(action::Create{2});
    run.start(1);
    for (std::uint64_t lease = 0; lease < 5; ++lease) {
        EXPECT_FALSE(noted(run.feed(input::Ticked{}, 11), EventKind::worker_retired));
        EXPECT_TRUE(noted(run.report(1, lease, 2, 0.5), EventKind::late_report));
    }
}

TEST(Failure, a_worker_that_always_times_out_is_retired) {
    auto settings = quiet();
    settings.lease_timeout = 10;
    Harness run(settings);
    for (int i = 0; i < 10; ++i) run.scheduler->work.push_back(action::Create{2});
    run.start(1);
    Effects effects;
    for (int i = 0; i < 3; ++i) effects = run.feed(input::Ticked{}, 11);
    EXPECT_TRUE(noted(effects, EventKind::worker_retired));
    EXPECT_EQ(only<effect::Ended>(effects).reason, EndReason::no_workers);
}

TEST(Failure, a_duplicate_report_counts_once) {
    Harness run(quiet());
    run.scheduler->work = {action::Create{2}, action::Create{2}};
    run.start(1);
    run.report(1, 0, 2, 0.5);
    EXPECT_TRUE(noted(run.report(1, 0, 2, 0.5), EventKind::late_report));
    EXPECT_EQ(run.manager->totals().reports, 1U);
}

TEST(Failure, a_member_stopped_by_the_user_is_given_up_at_its_boundary) {
    Harness run(quiet());
    run.scheduler->work = {action::Create{5}, action::Create{5}};
    run.start(1);
    EXPECT_EQ(only<effect::Cancel>(run.feed(input::MemberStopped{{0}})).lease, LeaseId{0});
    const auto effects = run.report(1, 0, 2, 0.1);
    EXPECT_TRUE(noted(effects, EventKind::member_failed));
    EXPECT_EQ(only<effect::Train>(effects).member, MemberId{1});
    EXPECT_TRUE(run.feed(input::MemberStopped{{77}}).empty()) << "a member that does not exist";
}

}  // namespace
}  // namespace stemma::test
