// Reports of two objectives: what schedulers see, the best, the front.
#include "unit/manager/harness.hpp"

namespace stemma::test {
namespace {

using ::testing::ElementsAre;

constexpr double nan = std::numeric_limits<double>::quiet_NaN();
constexpr double infinity = std::numeric_limits<double>::infinity();

/// Metrics: loss, something else, speed (maximized).
class TwoObjectives : public ::testing::Test {
protected:
    explicit TwoObjectives(Resource final_from = 0)
        : run({.metric = 0, .more = {{2, true}}, .final_from = final_from, .durable = DurablePolicy::none}) {
        for (int i = 0; i < 20; ++i) run.scheduler->work.push_back(action::Create{1});
        run.start(1);
    }
    /// The next member's report.
    Effects report(double loss, double speed) {
        return run.feed(input::Report{{1}, {lease_++}, 1, 1.0, 10, {{1, {loss, 7, speed}}}});
    }
    event::Report last() const {
        const event::Report* found = nullptr;
        for (const auto& event : run.scheduler->seen) {
            if (const auto* one = std::get_if<event::Report>(&event)) found = one;
        }
        return *found;
    }
    std::vector<std::uint64_t> front() const {
        std::vector<std::uint64_t> members;
        for (const auto& entry : run.manager->front()) members.push_back(entry.member.value);
        return members;
    }

    Harness run;

private:
    std::uint64_t lease_ = 0;
};

TEST_F(TwoObjectives, SchedulersSeeBothMinimized) {
    report(.5, 3);
    EXPECT_EQ(last().objective, .5);
    EXPECT_THAT(run.scheduler->more, ElementsAre(ElementsAre(-3)));
    EXPECT_THAT(run.sampler->observed.back().objective, .5);
}

TEST_F(TwoObjectives, OneThatIsNotFiniteMakesTheMemberDiverge) {
    for (const auto& [loss, speed] : {std::pair{.1, nan}, {.1, infinity}, {.1, -infinity}, {nan, 3.0}}) {
        const auto effects = report(loss, speed);
        EXPECT_TRUE(noted(effects, EventKind::member_diverged)) << loss << ", " << speed;
        EXPECT_FALSE(noted(effects, EventKind::new_best)) << loss << ", " << speed;
        EXPECT_EQ(last().objective, infinity) << loss << ", " << speed;
        EXPECT_EQ(run.sampler->observed.back().objective, infinity);
    }
    EXPECT_FALSE(run.manager->best().has_value());
    EXPECT_THAT(front(), ElementsAre());
}

TEST_F(TwoObjectives, TheBestHasTheBestFirstMetricAndIsOnTheFront) {
    EXPECT_TRUE(noted(report(.5, 3), EventKind::new_best));
    EXPECT_FALSE(noted(report(.6, 9), EventKind::new_best));
    EXPECT_TRUE(noted(report(.5, 4), EventKind::new_best)) << "as good by the first, better by the second";
    EXPECT_FALSE(noted(report(.5, 4), EventKind::new_best)) << "the first of two as good stays";
    EXPECT_EQ(run.manager->best()->member, MemberId{2});
    EXPECT_EQ(run.manager->best()->metric, .5);
    EXPECT_THAT(front(), ElementsAre(2, 3, 1));
    EXPECT_EQ(run.manager->dominated(), 1U);
    EXPECT_EQ(run.manager->front()[0].member, run.manager->best()->member);
}

TEST_F(TwoObjectives, TheMetricsThatAreOptimizedAreThoseOfTheSettings) {
    const auto objectives = run.manager->objectives();
    ASSERT_EQ(objectives.size(), 2U);
    EXPECT_EQ(objectives[1].metric, 2U);
    EXPECT_TRUE(objectives[1].maximize);
}

TEST(OneObjective, HasNoFront) {
    Harness run;
    run.scheduler->work = {action::Create{1}};
    run.start(1);
    run.report(1, 0, 1, .5);
    EXPECT_TRUE(run.manager->front().empty());
    EXPECT_EQ(run.manager->objectives().size(), 1U);
    EXPECT_THAT(run.scheduler->more, ElementsAre(ElementsAre()));
}

}  // namespace
}  // namespace stemma::test
