#include "outcome/hypervolume.hpp"

#include <gmock/gmock.h>

#include "outcome/fronts.hpp"
#include "unit/outcome/points.hpp"

namespace stemma::tests {
namespace {

std::vector<Objectives> without(std::vector<Objectives> points, std::size_t index) {
    points.erase(points.begin() + static_cast<std::ptrdiff_t>(index));
    return points;
}

std::vector<Objectives> front_points(const std::vector<Objectives>& points) {
    std::vector<Objectives> front;
    for (const auto index : front_of(points)) front.push_back(points[index]);
    return front;
}

TEST(Hypervolume, EightPointsInThePlane) {
    const auto points = eight_points();
    const auto reference = reference_of(front_points(points));
    EXPECT_NEAR(reference[0], 0.611, 1e-12);
    EXPECT_NEAR(reference[1], 41.6, 1e-12);
    const double all = hypervolume(points, reference);
    EXPECT_NEAR(all, 5.0066, 1e-12);
    const double loses[] = {0, 0, .06, 0, 0, .026, .15, .021};
    for (std::size_t i = 0; i < points.size(); ++i) {
        EXPECT_NEAR(all - hypervolume(without(points, i), reference), loses[i], 1e-12) << i;
    }
    EXPECT_NEAR(hypervolume(points, point({1, 50})), 21.34, 1e-12);
}

TEST(Hypervolume, EightPointsInSpace) {
    const auto points = eight_points_in_space();
    EXPECT_EQ(hypervolume(points, point({8, 8, 9})), 198);
    const auto reference = reference_of(front_points(points));
    EXPECT_NEAR(reference[0], 6.5, 1e-12);
    EXPECT_NEAR(reference[1], 7.6, 1e-12);
    EXPECT_NEAR(reference[2], 6.5, 1e-12);
    EXPECT_NEAR(hypervolume(points, reference), 61.55, 1e-12);
}

TEST(Hypervolume, OfOneObjectiveIsTheDistanceOfTheBest) {
    EXPECT_EQ(hypervolume(std::vector{point({3}), point({1}), point({7})}, point({5})), 4);
}

TEST(Hypervolume, OnlyWhatIsBelowTheReferenceInAllCounts) {
    const auto reference = point({2, 2});
    EXPECT_EQ(hypervolume({}, reference), 0);
    EXPECT_EQ(hypervolume(std::vector{point({0, 2}), point({2, 0}), point({-5, 3})}, reference), 0);
    EXPECT_EQ(hypervolume(std::vector{point({0, 2}), point({1, 0}), point({3, -9})}, reference), 2);
    EXPECT_EQ(hypervolume(std::vector{point({1, 1}), point({nan, 0}), point({0, -infinity})}, reference), 1);
}

TEST(Hypervolume, AMaximizedObjectiveIsNegatedFirst) {
    const std::vector<Objectives> points{point({.1, -90}), point({.2, -95})};
    const auto reference = reference_of(points);
    EXPECT_NEAR(reference[1], -89.5, 1e-12);
    EXPECT_NEAR(hypervolume(points, reference), .1 * .5 + .01 * 5.5, 1e-12);
}

TEST(Hypervolume, ReferenceOfEqualPointsIsOneFurther) {
    EXPECT_EQ(reference_of(std::vector{point({3, -7}), point({3, -7})}), point({4, -6}));
}

TEST(Hypervolume, NeverFallsWhenAPointIsAdded) {
    for (std::uint64_t seed = 0; seed < 10'000; ++seed) {
        Stream draw(seed, Purpose::test);
        const std::size_t count = 2 + seed % 2;
        const auto reference = random_point(draw, count, 12);
        std::vector<Objectives> points;
        double before = 0;
        for (int i = 0; i < 12; ++i) {
            points.push_back(random_point(draw, count, 8));
            const double now = hypervolume(points, reference);  // whole numbers: exact
            ASSERT_GE(now, before) << "seed " << seed << ", point " << i;
            before = now;
        }
    }
}

}  // namespace
}  // namespace stemma::tests
