// interval = "auto" of GPBT: its plan, its order, its budget, its end.
#include "scheduler/arms.hpp"

#include <algorithm>
#include <set>

#include "contract/scheduler/driver.hpp"
#include "scheduler/arm_plan.hpp"
#include "scheduler/gpbt_boundaries.hpp"
#include "support/errors.hpp"
#include "unit/scheduler/population.hpp"

namespace stemma::test {
namespace {

using Resources = std::vector<Resource>;

GpbtSettings automatic(std::uint32_t children, Resource max, Resource interval_min = 1) {
    GpbtSettings settings;
    settings.children = children;
    settings.max = max;
    settings.interval = interval_auto;
    settings.interval_min = interval_min;
    return settings;
}

TEST(GpbtBoundaries, CutATrainingIntoPartsOfNearlyEqualLength) {
    const auto ends = [](GpbtBoundaries boundaries) {
        Resources all;
        for (std::uint64_t g = 0; g < boundaries.generations(); ++g) all.push_back(boundaries.end(g));
        for (std::size_t g = 1; g < all.size(); ++g) EXPECT_EQ(boundaries.after(all[g - 1]), all[g]);
        EXPECT_EQ(boundaries.after(0), all.front());
        return all;
    };
    EXPECT_EQ(ends(GpbtBoundaries::divided(50, 6)), (Resources{8, 17, 25, 33, 42, 50}));
    EXPECT_EQ(ends(GpbtBoundaries::divided(50, 3)), (Resources{17, 33, 50}));
    EXPECT_EQ(ends(GpbtBoundaries::divided(3, 2)), (Resources{2, 3}));
    EXPECT_EQ(ends(GpbtBoundaries::divided(1, 1)), (Resources{1}));
    EXPECT_EQ(ends(GpbtBoundaries::every(3, 10)), (Resources{3, 6, 9, 10}));
    auto longer = GpbtBoundaries::divided(50, 3);
    longer.raise_max(90);
    EXPECT_EQ(ends(longer), (Resources{17, 33, 50, 67, 83, 90})) << "the lengths stay";
    EXPECT_EQ(GpbtBoundaries::divided(1'000'000'000'000'000, 7).end(3), 571'428'571'428'571);
}

TEST(ArmPlan, HalvesTheNumberOfGenerations) {
    const auto plan = plan_arms(automatic(20, 50));
    EXPECT_EQ(plan.parts, (Resources{50, 25, 12, 6, 3, 2}));
    EXPECT_EQ(plan.ends, (Resources{1, 2, 4, 8, 17, 25}));
    EXPECT_EQ(plan.founders, 8U);
    EXPECT_EQ(plan.budget, 1000);
    EXPECT_FALSE(plan.cut);
    EXPECT_EQ(plan_arms(automatic(20, 50, 10)).parts, (Resources{8, 4, 2})) << "at least eight";
    EXPECT_EQ(plan_arms(automatic(20, 50, 50)).parts, (Resources{8, 4, 2}));
}

TEST(ArmPlan, FewChildrenPayForFewerArms) {
    EXPECT_EQ(plan_arms(automatic(12, 20)).parts, (Resources{20, 10, 5, 2}));
    const auto ten = plan_arms(automatic(10, 50));
    EXPECT_EQ(ten.parts, (Resources{10, 5, 2}));
    EXPECT_TRUE(ten.cut);
    EXPECT_EQ(plan_arms(automatic(6, 50)).parts, (Resources{8, 4}));
    const auto four = plan_arms(automatic(4, 20));
    EXPECT_EQ(four.parts, (Resources{8}));
    EXPECT_EQ(four.founders, 8U);
    EXPECT_EQ(plan_arms(automatic(1, 50)).founders, 2U) << "a third of the budget";
}

TEST(ArmPlan, ShortTrainings) {
    EXPECT_EQ(plan_arms(automatic(20, 1)).parts, (Resources{1}));
    EXPECT_EQ(plan_arms(automatic(20, 2)).parts, (Resources{2}));
    EXPECT_EQ(plan_arms(automatic(20, 3)).parts, (Resources{3, 2}));
    EXPECT_EQ(plan_arms(automatic(20, 3)).ends, (Resources{1, 2}));
    for (Resource max = 1; max < 200; ++max) {
        const auto plan = plan_arms(automatic(40, max));
        EXPECT_TRUE(std::ranges::is_sorted(plan.ends, std::ranges::less_equal{})) << "max = " << max;
        EXPECT_EQ(std::set<Resource>(plan.ends.begin(), plan.ends.end()).size(), plan.ends.size()) << max;
    }
    EXPECT_LE(plan_arms(automatic(1'000'000, 1'000'000'000'000)).parts.front(), gpbt_generations_max);
}

TEST(Arms, RefuseWhatHasNoMeaning) {
    const auto refused = [](const std::string& message, void (*change)(GpbtSettings&)) {
        auto settings = automatic(20, 50);
        change(settings);
        EXPECT_ERROR(make_gpbt(settings), UserError, message);
    };
    refused("parents_compete must be false with interval = \"auto\"", [](auto& s) { s.parents_compete = true; });
    refused("founders must be left out", [](auto& s) { s.founders = 1; });
    refused("interval_min must be <= max = 50; got 60", [](auto& s) { s.interval_min = 60; });
    refused("interval_min must be left out unless interval = \"auto\"", [](auto& s) {
        s.interval = 5;
        s.interval_min = 2;
    });
    refused("max must be at most 10^18 / children", [](auto& s) {
        s.children = 1'000'000;
        s.max = 1'000'000'000'000'000;
    });
}

/// Work in the order of a single worker; the objective is the resource (worse with training) or any other function.
struct Course {
    explicit Course(const GpbtSettings& settings) : population(make_gpbt(settings)) {}
    Population population;
    std::vector<Given> given;
    Resource units = 0;

    template <class Objective>
    void run(Objective objective) {
        while (const auto next = population.work()) {
            const auto from = next->parent == nobody ? 0 : given[next->parent].to;
            units += next->to - from;
            given.push_back(*next);
            population.report(*next, objective(*next));
        }
    }
};

TEST(Arms, FoundersTrainToEachFirstBoundaryInTurn) {
    Course course(automatic(20, 50));
    course.run([](const Given& one) { return 1.0 / static_cast<double>(one.to + static_cast<Resource>(one.member)); });
    std::map<Resource, int> legs;
    for (const auto& one : course.given) {
        if (one.cause != BirthCause::adoption) ++legs[one.to];
        EXPECT_TRUE(one.cause != BirthCause::continuation || one.same_as == one.parent);
    }
    EXPECT_EQ(legs, (std::map<Resource, int>{{1, 8}, {2, 8}, {4, 8}, {8, 8}, {17, 8}, {25, 8}}));
    EXPECT_TRUE(course.population.scheduler().exhausted());
}

TEST(Arms, KeepToTheBudget) {
    for (const std::uint32_t children : {1U, 2U, 3U, 7U, 16U, 20U, 40U}) {
        for (const Resource max : {1, 2, 3, 8, 20, 50}) {
            SCOPED_TRACE(testing::Message() << children << " children, max " << max);
            Course course(automatic(children, max));
            Stream random(children, Purpose::test, static_cast<std::uint64_t>(max));
            course.run([&](const Given&) { return random.uniform(); });
            const auto budget = static_cast<double>(children) * static_cast<double>(max);
            // One child more or less in each arm.
            const auto slack = 0.02 * budget + static_cast<double>(max) * 2;
            EXPECT_LE(static_cast<double>(course.units), budget + slack);
            EXPECT_GE(static_cast<double>(course.units), 0.93 * budget - slack);
            Resource furthest = 0;
            for (const auto& one : course.given) furthest = std::max(furthest, one.to);
            EXPECT_EQ(furthest, max);
        }
    }
}

TEST(Arms, TheLowestEndIsTrainedFirst) {
    Population population(make_gpbt(automatic(20, 50)));
    const auto founders = population.all_work();
    ASSERT_EQ(founders.size(), 8U);
    for (const auto& one : founders) EXPECT_EQ(one.to, 1);
    for (const auto& one : founders) population.report(one, static_cast<double>(one.member));
    const auto next = population.work();
    ASSERT_TRUE(next);
    EXPECT_EQ(next->to, 2);
    EXPECT_EQ(next->cause, BirthCause::continuation) << "of equals, a founder first";
}

TEST(Arms, AStoppedArmIsShownWithBothValues) {
    // Everything that trains in short steps is bad from unit 8 on.
    Course course(automatic(20, 50));
    course.run([&](const Given& one) {
        const auto from = one.parent == nobody ? 0 : course.given[one.parent].to;
        const bool fine = one.cause == BirthCause::adoption && one.to - from <= 2;
        return fine && one.to >= 8 ? 10.0 : 1.0 / static_cast<double>(one.to);
    });
    const auto arms = course.population.scheduler().arms();
    ASSERT_EQ(arms.size(), 6U);
    EXPECT_EQ(arms[0].interval, 1);
    EXPECT_GT(arms[0].stopped_by, 0);
    EXPECT_GE(arms[0].stopped_at, 8);
    EXPECT_TRUE(arms[0].behind.exists() && arms[0].ahead.exists());
    EXPECT_EQ(arms[5].stopped_by, -1);
    EXPECT_EQ(arms[5].closed_at, 50);
    EXPECT_TRUE(arms[5].best.exists());
}

TEST(Arms, AFlatMetricStopsNobody) {
    Course course(automatic(20, 50));
    course.run([](const Given&) { return 1.0; });
    for (const auto& arm : course.population.scheduler().arms()) {
        EXPECT_EQ(arm.stopped_by, -1);
        EXPECT_EQ(arm.closed_at, 50);
    }
}

TEST(Arms, WithoutAFiniteMetricItEnds) {
    Course course(automatic(20, 50));
    course.run([](const Given&) { return std::numeric_limits<double>::infinity(); });
    EXPECT_TRUE(course.population.scheduler().exhausted());
    EXPECT_LE(course.given.size(), 11U * 8U);
    for (const auto& one : course.given) EXPECT_EQ(one.parent, nobody);
}

TEST(Arms, ALargerMaxGoesOnWithTheSameIntervals) {
    Course course(automatic(20, 24));
    course.run([](const Given& one) { return 1.0 / static_cast<double>(one.to); });
    const auto before = course.units;
    course.population.say(event::Extended{48});
    EXPECT_FALSE(course.population.scheduler().exhausted());
    course.run([](const Given& one) { return 1.0 / static_cast<double>(one.to); });
    EXPECT_GT(course.units, before);
    EXPECT_LE(course.units, 20 * 48 + 48);
    Resource furthest = 0;
    for (const auto& one : course.given) furthest = std::max(furthest, one.to);
    EXPECT_EQ(furthest, 48);
}

TEST(Arms, EverySnapshotIsKeptWhileItIsNeeded) {
    // The driver fails if a released member is trained on or becomes a parent.
    for (std::uint64_t seed = 0; seed < 200; ++seed) {
        SCOPED_TRACE(seed);
        const auto scheduler = make_gpbt(automatic(20, 1 + static_cast<Resource>(seed % 40)));
        Driver driver(*scheduler, {.seed = seed,
                                   .members = 2000,
                                   .workers = 1 + seed % 9,
                                   .non_finite = seed % 2 == 0 ? 0.1 : 0,
                                   .failing = seed % 3 == 0 ? 0.1 : 0,
                                   .stopped = seed % 5 == 0 ? 0.05 : 0,
                                   .lost = seed % 7 == 0 ? 0.1 : 0});
        ASSERT_TRUE(driver.run());
        EXPECT_TRUE(scheduler->exhausted());
    }
}

}  // namespace
}  // namespace stemma::test
