#include "trainer/toy/path_surface.hpp"

#include <gtest/gtest.h>

#include <functional>
#include <map>
#include <vector>

namespace stemma {
namespace {

/// h of unit i = 0 .. 49.
using Schedule = std::function<double(int)>;

/// Losses after these units, and the state after the last one.
struct Course {
    std::map<int, double> losses;
    PathState end;
};

Course trained(PathKind kind, const std::function<double(double)>& coordinate, const Schedule& schedule) {
    Course course{.losses = {}, .end = path_start(kind)};
    for (int i = 0; i < 50; ++i) {
        course.end = path_unit(kind, course.end, coordinate(schedule(i)), i + 1, 50);
        course.losses[i + 1] = course.end.loss;
    }
    return course;
}

double zoo_coordinate(double h) { return (h - 1e-4) / 1.0999; }
double rate_coordinate(double h) { return 1 + std::log10(h) / 3; }

void expect_scores(PathKind kind, const Schedule& schedule, const std::vector<double>& scores) {
    const auto course = trained(kind, zoo_coordinate, schedule);
    std::size_t at = 0;
    for (const int unit : {1, 10, 25, 50}) EXPECT_NEAR(1.2 - course.losses.at(unit), scores[at++], 1e-9) << unit;
}

/// The published toy, recomputed by a literal loop of 20 steps.
TEST(PathSurface, TheDeceptiveToyHasItsCheckPoints) {
    const auto linear = [](int i) { return 1 - i / 50.0; };
    const auto expect = [&](const char* name, const Schedule& schedule, const std::vector<double>& scores, double theta,
                            double debt) {
        SCOPED_TRACE(name);
        expect_scores(PathKind::deceptive, schedule, scores);
        const auto end = trained(PathKind::deceptive, zoo_coordinate, schedule).end;
        EXPECT_NEAR(end.first, theta, 1e-9);
        EXPECT_NEAR(end.second, debt, 1e-9);
    };
    expect("A", linear, {0.4493360015, 0.8600477009, 1.1319773372, 1.1979129811}, 0.0455029940, 0);
    expect(
        "B", [&](int i) { return i < 45 ? linear(i) : 1e-4; }, {0.4493360015, 0.8600477009, 1.1319773372, 1.1979266465},
        0.0453574191, 0.2995);
    expect(
        "C", [](int) { return 1e-4; }, {0.4937328841, 0.8261014618, 0.8269716917, 0.8269716917}, 0.6107604344, 25.495);
    expect(
        "D", [](int) { return 0.74; }, {0.4611350446, 0.8465138874, 1.0682492249, 1.0970298831}, 0.3208895712, 15.14);
    expect(
        "E", [](int) { return 1.1; }, {0.4424456196, 0.7453695803, 0.8051614357, 0.8051614357}, 0.6283618100, 29.5);
    expect(
        "F", [](int i) { return i < 25 ? 0.78 : 0.28; }, {0.4593316336, 0.8475880559, 1.0708631042, 1.1734702132},
        0.1627285173, 6.28);
    expect(
        "G", [](int i) { return 0.84 - 0.2 * (i / 10); }, {0.4566184785, 0.8489799684, 1.1095065292, 1.1919653377},
        0.0894175651, 3.7);
    expect(
        "H", [](int i) { return i % 2 == 0 ? 0.9 : 0.3; }, {0.4538956473, 0.8486164229, 0.9665528334, 0.9688574474},
        0.4807728701, 17.1);
}

TEST(PathSurface, ThePlainToyHasItsCheckPoints) {
    expect_scores(PathKind::plain, [](int) { return 1e-4; }, {0.5099794195, 1.0369746011, 1.1852799037, 1.1997324923});
    expect_scores(PathKind::plain, [](int) { return 1.1; }, {0.4463188732, 0.8059863832, 1.0663248904, 1.1779394630});
}

TEST(PathSurface, RatesThatMustFallHaveTheirCheckPoints) {
    const auto score = [](PathKind kind, const Schedule& schedule) {
        return -trained(kind, rate_coordinate, schedule).end.loss;
    };
    const auto falling = [](int j) { return std::pow(10.0, -3.0 * j / 49); };
    EXPECT_NEAR(score(PathKind::decay, [](int) { return 0.01; }), 2.5998669657, 1e-9);
    EXPECT_NEAR(score(PathKind::decay, [](int) { return 0.1; }), 1.5797835966, 1e-9);
    EXPECT_NEAR(score(PathKind::decay, falling), 2.9515876894, 1e-9);
    EXPECT_NEAR(score(PathKind::curvatures, [](int) { return 0.1; }), 0.3248022092, 1e-9);
    EXPECT_NEAR(score(PathKind::curvatures, falling), 0.6490026464, 1e-9);
}

TEST(PathSurface, TheMovingOptimumGivesAUnitOfProgressWhereItIs) {
    auto state = path_start(PathKind::moving);
    for (int unit = 1; unit <= 50; ++unit) {
        const double best = 0.9 - 0.8 * state.first / (state.first + 10);
        state = path_unit(PathKind::moving, state, best, unit, 50);
        EXPECT_NEAR(state.first, unit, 1e-9);
        EXPECT_NEAR(state.loss, 1.0 / (1 + unit), 1e-12);
    }
    EXPECT_LT(path_unit(PathKind::moving, state, 0.9, 51, 50).first, 50.1) << "it has moved away";
}

TEST(PathSurface, TheLengthOfTheSearchScalesTheDeceptiveTarget) {
    const auto debt = [](Resource unit, Resource max) {
        return path_unit(PathKind::deceptive, path_start(PathKind::deceptive), zoo_coordinate(1), unit, max).second;
    };
    EXPECT_NEAR(debt(1, 50), 0, 1e-12);
    EXPECT_NEAR(debt(26, 50), 0.5, 1e-12);
    EXPECT_NEAR(debt(26, 100), 0.25, 1e-12);
    EXPECT_NEAR(debt(1, 1), 0, 1e-12);
}

}  // namespace
}  // namespace stemma
