#include "simulator/simulator.hpp"

#include <gtest/gtest.h>

#include <limits>

#include "simulator/checkers.hpp"

namespace stemma {
namespace {

/// Trains every member to the same resource, which is enough for these tests.
class OneShot : public Scheduler {
public:
    explicit OneShot(Resource to) : to_(to) {}
    void on(const Event& event, Actions& out) override {
        if (std::holds_alternative<event::NoMoreMembers>(event)) no_more_ = true;
        if (std::holds_alternative<event::WorkWanted>(event) && !no_more_) out.push_back(action::Create{to_, {}});
    }
    std::vector<RungRow> rungs() const override { return {{0, 0, to_, 1, 2, 3}}; }
    bool exhausted() const override { return no_more_; }
    std::string describe() const override { return "one shot"; }

private:
    Resource to_;
    bool no_more_ = false;
};

class Nothing : public Sampler {
public:
    std::optional<Configuration> propose(const ProposalRequest&) override { return Configuration{}; }
    std::string describe() const override { return "nothing"; }
};

class SimulatorTest : public ::testing::Test {
protected:
    SimulationResult run() {
        Manager manager(manager_settings, SearchSpace{}, std::make_unique<OneShot>(10), std::make_unique<Nothing>());
        const LearningCurve curve = [this](MemberId member, ConfigurationView, std::uint64_t, Resource resource,
                                           std::vector<double>& metrics) {
            metrics.resize(settings.metric, std::numeric_limits<double>::quiet_NaN());
            metrics.push_back(static_cast<double>(member.value) + 1.0 / static_cast<double>(resource));
        };
        Checkers checkers({.metric = manager_settings.metric,
                           .budget = manager_settings.budget,
                           .leases_ahead = manager_settings.leases_ahead,
                           .lease_timeout = manager_settings.lease_timeout});
        const auto journal = record::null_journal();
        settings.leases_ahead = manager_settings.leases_ahead;
        auto result = simulate(manager, curve, settings, *journal, &checkers);
        checkers.compare(manager);
        return result;
    }
    SimulatorTest() {
        manager_settings.budget.members = 20;
        manager_settings.durable = DurablePolicy::none;
        settings.workers = 2;
        settings.full_resource = 10;
    }

    ManagerSettings manager_settings;
    SimulationSettings settings;
};

TEST_F(SimulatorTest, WithoutDelaysWorkersAreAlwaysBusy) {
    const auto result = run();
    EXPECT_TRUE(result.ended);
    EXPECT_EQ(result.completed, 20U);
    EXPECT_EQ(result.decisions, 20U);
    EXPECT_EQ(result.seconds, 100);  // 20 members of 10 s on 2 workers
    EXPECT_EQ(result.utilization(), 1);
    EXPECT_EQ(result.first_completed, 10);
}

TEST_F(SimulatorTest, AMessageEachWayIsLostTimeUnlessLeasesWaitAtTheWorker) {
    settings.message_seconds = 0.5;
    EXPECT_NEAR(run().utilization(), 10.0 / 11.0, 0.02);
    manager_settings.leases_ahead = 1;
    EXPECT_GT(run().utilization(), 0.98);
}

TEST_F(SimulatorTest, ABusyManagerDelaysEverybody) {
    settings.manager_seconds = 1;
    const auto result = run();
    EXPECT_GT(result.seconds, 105);
    EXPECT_LT(result.utilization(), 0.95);
}

TEST_F(SimulatorTest, FindsTheTimeToTarget) {
    settings.target = 0.5;
    EXPECT_EQ(run().target_reached, 10);
    settings.target = -1;
    EXPECT_FALSE(run().target_reached.has_value());
}

TEST_F(SimulatorTest, TheTimeBudgetCancelsAtTheNextBoundary) {
    manager_settings.budget.seconds = 14.5;
    const auto result = run();
    EXPECT_TRUE(result.ended);
    EXPECT_EQ(result.reason, EndReason::budget_seconds);
    EXPECT_EQ(result.seconds, 15);
    EXPECT_EQ(result.totals.resource, 2U * 15U);
}

TEST_F(SimulatorTest, AKilledJobStopsAtTheGivenInput) {
    settings.max_inputs = 7;
    const auto result = run();
    EXPECT_FALSE(result.ended);
    EXPECT_FALSE(result.stalled);
    EXPECT_EQ(result.inputs, 7U);
    EXPECT_EQ(result.next_sequence, 7U);
}

TEST_F(SimulatorTest, DeadWorkersAreReplacedAndTheirLeasesDoneAgain) {
    settings.faults.death_per_second = 0.02;
    settings.faults.respawn_seconds = 1;
    settings.faults.detection_seconds = 2;
    manager_settings.budget.members = 100;
    const auto result = run();
    EXPECT_TRUE(result.ended);
    EXPECT_GT(result.deaths, 0U);
    EXPECT_EQ(result.totals.reports + result.totals.failures, 100U);
}

TEST_F(SimulatorTest, LostLeasesComeBackAfterTheirTimeout) {
    settings.faults.lose_lease = 0.2;
    manager_settings.lease_timeout = 50;
    manager_settings.retries = 10;
    const auto result = run();
    EXPECT_TRUE(result.ended);
    EXPECT_GT(result.messages_lost, 0U);
}

TEST_F(SimulatorTest, TheBestIsToldByTheMetricThatIsOptimized) {
    manager_settings.metric = settings.metric = 2;
    EXPECT_NE(simulation_report(run()).find("best                  member 0 at 10 units: 0.1\n"), std::string::npos);
}

TEST_F(SimulatorTest, ReportNamesTheFigures) {
    const auto text = simulation_report(run());
    for (const char* expected :
         {"worker utilization    100.00 %", "members               20 born", "decisions", "promoted"}) {
        EXPECT_NE(text.find(expected), std::string::npos) << expected << " not in:\n" << text;
    }
}

}  // namespace
}  // namespace stemma
