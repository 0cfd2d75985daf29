#include "unit/manager/harness.hpp"

namespace stemma::test {
namespace {

ManagerSettings with(Budget budget) { return {.budget = budget, .durable = DurablePolicy::none}; }

void many(Harness& run, Resource to = 1) {
    for (int i = 0; i < 20; ++i) run.scheduler->work.push_back(action::Create{to});
}

TEST(BudgetOf, members_stops_births_exactly_there) {
    Harness run(with({.members = 3}));
    many(run);
    run.start(2);
    run.report(1, 0, 1, 0.5);
    run.report(2, 1, 1, 0.5);
    EXPECT_EQ(run.manager->member_count(), 3U);
    EXPECT_EQ(only<effect::Ended>(run.report(1, 2, 1, 0.5)).reason, EndReason::budget_members);
}

TEST(BudgetOf, members_does_not_count_repeats) {
    Harness run(with({.members = 1}));
    run.scheduler->work = {action::Create{1}, action::Create{1, {0}}, action::Create{1, {0}}};
    EXPECT_EQ(all_of<effect::Born>(run.start(3)).size(), 3U);
}

TEST(BudgetOf, reports_is_never_exceeded_by_leases_that_are_out) {
    Harness run(with({.reports = 3}));
    many(run);
    run.start(2);
    run.report(1, 0, 1, 0.5);
    EXPECT_TRUE(all_of<effect::Train>(run.report(2, 1, 1, 0.5)).empty());
    EXPECT_EQ(only<effect::Ended>(run.report(1, 2, 1, 0.5)).reason, EndReason::budget_reports);
    EXPECT_EQ(run.manager->totals().reports, 3U);
}

TEST(BudgetOf, a_failure_gives_its_report_back) {
    Harness run(with({.reports = 1}));
    many(run);
    run.start(1);
    EXPECT_EQ(all_of<effect::Train>(run.fail(1, 0, FailureKind::infeasible)).size(), 1U);
}

TEST(BudgetOf, a_search_in_which_everything_diverges_ends) {
    Harness reports(with({.reports = 3}));
    many(reports, 4);
    reports.start(1);
    reports.fail(1, 0, FailureKind::nonfinite);
    reports.fail(1, 1, FailureKind::nonfinite);
    EXPECT_EQ(only<effect::Ended>(reports.fail(1, 2, FailureKind::nonfinite)).reason, EndReason::budget_reports);

    Harness resource(with({.resource = 6}));
    many(resource, 4);
    resource.start(1);
    resource.fail(1, 0, FailureKind::nonfinite);  // in its first unit, which counts
    resource.fail(1, 1, FailureKind::nonfinite);
    resource.fail(1, 2, FailureKind::nonfinite);
    many(resource, 4);
    resource.fail(1, 3, FailureKind::nonfinite);
    resource.fail(1, 4, FailureKind::nonfinite);
    EXPECT_EQ(only<effect::Ended>(resource.fail(1, 5, FailureKind::nonfinite)).reason, EndReason::budget_resource);
    EXPECT_EQ(resource.manager->totals().resource, 6U);
}

TEST(BudgetOf, resource_is_used_up_by_a_training_that_is_cut_and_goes_on_with_a_larger_one) {
    Harness run(with({.resource = 10}));
    many(run, 4);
    run.start(1);
    run.report(1, 0, 4, 0.5);
    const auto given = run.report(1, 1, 4, 0.5);
    const auto cut = only<effect::Train>(given);
    EXPECT_EQ(cut.to, 2);
    EXPECT_TRUE(noted(given, EventKind::budget_cut));
    const auto ends = run.report(1, 2, 2, 0.4);
    EXPECT_EQ(only<effect::Ended>(ends).reason, EndReason::budget_resource);
    EXPECT_EQ(only<effect::Ended>(ends).best, MemberId{2}) << "its report is a result";
    EXPECT_EQ(run.manager->totals().resource, 10U);
    EXPECT_EQ(run.manager->totals().reports, 3U);
    EXPECT_EQ(run.scheduler->count<event::Report>(), 2U) << "but not of its rung";
    run.feed(input::IncarnationStarted{1, 1});
    run.feed(input::BudgetChanged{{.resource = 20}, 0});
    const auto on = only<effect::Train>(run.feed(input::WorkerJoined{{1}, "host", "cpu", 10}));
    EXPECT_EQ(on.member, MemberId{2});
    EXPECT_EQ(on.to, 4);
    run.report(1, 3, 4, 0.3);
    EXPECT_EQ(run.scheduler->count<event::Report>(), 3U);
}

TEST(BudgetOf, resource_that_a_failure_gives_back_is_given_out_again) {
    Harness run(with({.resource = 8}));
    many(run, 4);
    run.start(3);
    EXPECT_EQ(run.manager->totals().running, 2U) << "all of it is out";
    const auto effects = run.fail(1, 0, FailureKind::infeasible);
    EXPECT_EQ(only<effect::Train>(effects).to, 4);
    run.report(2, 1, 4, 0.5);
    run.fail(3, 2, FailureKind::infeasible);
    EXPECT_FALSE(run.manager->ended());
}

TEST(BudgetOf, resource_is_not_said_to_be_used_up_where_the_search_is_over) {
    Harness run(with({.resource = 8}));
    run.scheduler->work = {action::Create{4}, action::Create{4}};
    run.start(1);
    run.report(1, 0, 4, 0.5);
    EXPECT_EQ(only<effect::Ended>(run.report(1, 1, 4, 0.5)).reason, EndReason::exhausted);
}

TEST(BudgetOf, resource_that_is_too_little_for_a_training_from_scratch_goes_to_others) {
    Harness run(with({.resource = 9}));
    run.scheduler->work = {action::Create{4}, action::Train{{0}, 8}, action::Create{4}};
    run.start(1);
    // Member 0 has no snapshot: to go on it would train its first four units again.
    const auto effects = run.report(1, 0, 4, 0.5, 0);
    EXPECT_EQ(only<effect::Train>(effects).member, MemberId{1});
    const auto ends = run.report(1, 1, 4, 0.5, 0);
    EXPECT_EQ(only<effect::Ended>(ends).reason, EndReason::budget_resource);
    EXPECT_EQ(run.manager->totals().resource, 8U) << "one unit is left, which no training could use";
}

TEST(BudgetOf, seconds_cuts_running_leases_at_their_boundary) {
    Harness run(with({.seconds = 10}));
    many(run, 5);
    run.start(1);
    EXPECT_DOUBLE_EQ(run.manager->next_deadline(), 10);
    EXPECT_EQ(only<effect::Cancel>(run.feed(input::Ticked{}, 9)).lease, LeaseId{0});
    EXPECT_EQ(only<effect::Ended>(run.report(1, 0, 3, 0.5)).reason, EndReason::budget_seconds);
    EXPECT_EQ(run.manager->totals().reports, 0U) << "a partial report is not ranked";
    EXPECT_FALSE(run.manager->best());
    run.feed(input::IncarnationStarted{1, 1});
    run.feed(input::BudgetChanged{{.seconds = 100}, 0});
    const auto lease = only<effect::Train>(run.feed(input::WorkerJoined{{1}, "host", "cpu", 0}));
    EXPECT_EQ(lease.member, MemberId{0});
    EXPECT_EQ(lease.to, 5);
}

TEST(BudgetOf, a_lease_canceled_before_its_first_boundary_goes_back_whole) {
    Harness run(with({}));
    many(run, 5);
    run.start(1);
    run.feed(input::StopRequested{});
    EXPECT_EQ(only<effect::Ended>(run.feed(input::Report{{1}, {0}, 0, 0.1, 0, {}})).reason, EndReason::stopped);
    EXPECT_EQ(run.manager->totals().resource, 0U);
}

TEST(BudgetOf, target_ends_the_search_and_cancels_the_others) {
    auto settings = with({.target = 0.9});
    settings.maximize = true;
    Harness run(settings);
    many(run);
    run.start(2);
    EXPECT_TRUE(all_of<effect::Cancel>(run.report(1, 0, 1, 0.89)).empty());
    const auto effects = run.report(1, 2, 1, 0.9);
    EXPECT_EQ(only<effect::Cancel>(effects).worker, WorkerId{2});
    const auto last = run.feed(input::Report{{2}, {1}, 0, 0.1, 0, {}});
    EXPECT_EQ(only<effect::Ended>(last).reason, EndReason::target);
    EXPECT_EQ(only<effect::Ended>(last).best, MemberId{2});
}

TEST(BudgetOf, a_larger_one_in_mid_run_lifts_the_refusal_of_members) {
    Harness run(with({.members = 1}));
    many(run);
    run.start(2);
    EXPECT_EQ(run.manager->member_count(), 1U);
    many(run);
    const auto effects = run.feed(input::BudgetChanged{{.members = 2}, 0});
    EXPECT_EQ(only<effect::Born>(effects).member, MemberId{1});
    EXPECT_EQ(run.scheduler->count<event::Extended>(), 1U);
}

TEST(FinalResult, only_members_trained_to_the_end_count_if_so_configured) {
    Harness run({.final_from = 9});
    run.scheduler->work = {action::Create{3}, action::Create{9}, action::Create{9}};
    run.start(1);
    EXPECT_TRUE(all_of<effect::Noted>(run.report(1, 0, 3, 0.1)).empty());
    EXPECT_FALSE(run.manager->best().has_value());
    run.report(1, 1, 9, 0.5);
    EXPECT_EQ(run.manager->best()->member, MemberId{1});

    // R is raised: the best so far stays the result until a member has reached the new end.
    run.feed(input::BudgetChanged{{}, 27});
    run.report(1, 2, 9, 0.2);
    EXPECT_EQ(run.manager->best()->member, MemberId{1});
    run.scheduler->work = {action::Train{{2}, 27}};
    run.feed(input::Ticked{});
    run.report(1, 3, 27, 0.7);
    EXPECT_EQ(run.manager->best()->member, MemberId{2});
}

TEST(BudgetOf, a_stop_can_be_resumed) {
    Harness run(with({}));
    many(run, 2);
    run.start(1);
    run.feed(input::StopRequested{StopReason::signal});
    EXPECT_EQ(only<effect::Ended>(run.report(1, 0, 2, 0.5)).reason, EndReason::stopped);
    EXPECT_EQ(run.manager->totals().reports, 1U) << "it reached its end in time";
    EXPECT_EQ(only<effect::Train>(run.start(1)).member, MemberId{1});
}

}  // namespace
}  // namespace stemma::test
