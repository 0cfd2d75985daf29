#include "genealogy/selection_noise.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/rng.hpp"
#include "families.hpp"

namespace stemma {
namespace {

using test::child;
using test::root;
using testing::DoubleNear;
using testing::HasSubstr;

/// Each generation has one parent, a child that repeats it and five others. The loss falls by `progress` in each
/// generation. It differs between siblings by `effect` and between reports by `noise`, standard deviations.
Genealogy generations(std::size_t count, double effect, double noise, std::uint64_t seed = 1, bool maximize = false) {
    Stream random(seed, Purpose::test);
    const double progress = 0.01;
    const double sign = maximize ? -1 : 1;
    std::vector<Relative> members{root(0.5, {{1, sign * (1 + noise * random.normal())}})};
    std::size_t parent = 0;
    std::vector<double> truth{1};
    for (std::size_t generation = 1; generation <= count; ++generation) {
        const auto from = static_cast<Resource>(generation);
        std::size_t best = members.size();
        const auto first = best;
        for (int i = 0; i < 6; ++i) {
            const double lr = i == 0 ? std::get<double>(members[parent].configuration[0]) : random.uniform();
            truth.push_back(truth[parent] - progress + (i == 0 ? 0 : effect * random.normal()));
            members.push_back(child(parent, from, lr, {{from + 1, sign * (truth.back() + noise * random.normal())}}));
        }
        for (auto i = first; i < members.size(); ++i) {
            if (sign * members[i].metric() < sign * members[best].metric()) best = i;
        }
        parent = best;
    }
    return {std::move(members), maximize, {parent}};
}

TEST(SelectionNoise, NoiseIsAllThatSiblingsDifferBy) {
    const auto found = selection_noise(generations(200, 0, 0.1));
    ASSERT_TRUE(found);
    EXPECT_EQ(found->families, 200U);
    EXPECT_THAT(found->deviation, DoubleNear(0.1, 0.025));  // parents were the best: less noise than in other reports
    EXPECT_THAT(found->spread, DoubleNear(0.1, 0.025));
    EXPECT_GT(found->share(), 0.7);
}

TEST(SelectionNoise, HyperparametersAreAllThatSiblingsDifferBy) {
    const auto found = selection_noise(generations(200, 0.1, 0));
    ASSERT_TRUE(found);
    EXPECT_LT(found->deviation, 1e-9);
    EXPECT_THAT(found->spread, DoubleNear(0.1, 0.025));
    EXPECT_LT(found->share(), 1e-9);
}

TEST(SelectionNoise, ThePartIsFoundWhereBothAreThere) {
    const auto found = selection_noise(generations(5000, 0.1, 0.05));
    ASSERT_TRUE(found);
    EXPECT_THAT(found->share(), DoubleNear(0.2, 0.1));
}

TEST(SelectionNoise, TheDirectionDoesNotMatter) {
    const auto less = selection_noise(generations(50, 0.1, 0.05));
    const auto more = selection_noise(generations(50, 0.1, 0.05, 1, true));
    ASSERT_TRUE(less && more);
    EXPECT_EQ(less->deviation, more->deviation);
    EXPECT_EQ(less->spread, more->spread);
}

TEST(SelectionNoise, FewFamiliesSayNothing) {
    EXPECT_FALSE(selection_noise(generations(7, 0, 0.1)));
    EXPECT_TRUE(selection_noise(generations(8, 0, 0.1)));
    EXPECT_FALSE(selection_noise(test::family()));
    EXPECT_FALSE(selection_noise(Genealogy({}, false, {})));
}

TEST(SelectionNoise, EqualSiblingsAreNoNoise) {
    const auto found = selection_noise(generations(20, 0, 0));
    ASSERT_TRUE(found);
    EXPECT_EQ(found->share(), 0);
}

TEST(SelectionNoise, MembersWithoutAResultAreNotCounted) {
    const double nan = std::numeric_limits<double>::quiet_NaN();
    std::vector<Relative> members{root(0.5, {{1, 1.0}})};
    for (int i = 0; i < 20; ++i) {
        const auto parent = members.size() - 1;
        const auto from = members[parent].reached();
        members.push_back(child(parent, from, 0.2, {{from + 1, nan}}));
        members.push_back(child(parent, from, 0.3, {}));
        members.push_back(child(parent, from, 0.5, {{from + 1, 1.0}}));  // repeats it
    }
    EXPECT_FALSE(selection_noise(Genealogy(members, false, {0})));
}

TEST(SelectionNoise, TheTextNamesTheKey) {
    EXPECT_THAT(selection_noise_text(generations(100, 0, 0.1), "valid_loss"),
                testing::AllOf(HasSubstr("valid_loss"), HasSubstr("scheduler.interval"), HasSubstr("100 families")));
    EXPECT_EQ(selection_noise_text(generations(100, 0.1, 0), "valid_loss"), "");
}

}  // namespace
}  // namespace stemma
