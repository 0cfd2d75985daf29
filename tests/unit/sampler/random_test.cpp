#include "sampler/random.hpp"

#include <gmock/gmock.h>

#include <set>

#include "unit/sampler/fixtures.hpp"

namespace stemma {
namespace {

TEST(RandomSampler, AProposalDependsOnTheMemberAlone) {
    const auto space = test::share(test::training_space());
    const auto forwards = make_random_sampler(space, 3);
    const auto backwards = make_random_sampler(space, 3);
    const auto all = test::proposals(*forwards, 50);
    for (std::uint64_t i = 50; i-- > 0;) EXPECT_EQ(backwards->propose({{i}, 99 - i, {}}), all[i]);
}

TEST(RandomSampler, SeedsDiffer) {
    const auto space = test::cube(3);
    EXPECT_NE(test::proposals(*make_random_sampler(space, 1), 5), test::proposals(*make_random_sampler(space, 2), 5));
}

TEST(RandomSampler, FillsTheCubeEvenly) {
    const auto sampler = make_random_sampler(test::cube(2), 1);
    std::vector<int> cells(16, 0);
    for (const auto& point : test::proposals(*sampler, 16'000)) {
        const auto x = static_cast<std::size_t>(4 * std::get<double>(point[0]));
        const auto y = static_cast<std::size_t>(4 * std::get<double>(point[1]));
        ++cells.at(4 * std::min<std::size_t>(x, 3) + std::min<std::size_t>(y, 3));
    }
    for (const auto count : cells) EXPECT_NEAR(count, 1000, 150);
}

TEST(RandomSampler, RedrawsWhatIsForbidden) {
    // Nine of ten choices forbidden.
    std::vector<Literal> choices;
    std::vector<std::uint32_t> bad;
    for (std::uint32_t i = 0; i < 10; ++i) {
        choices.emplace_back(std::int64_t{i});
        if (i != 4) bad.push_back(i);
    }
    const auto space =
        test::share(SearchSpace({{"x", Categorical{choices}, Role::fixed, {}, {}}}, {Forbidden{{{0, bad}}}}));
    for (const auto& point : test::proposals(*make_random_sampler(space, 1), 100))
        EXPECT_EQ(point[0], Value(Choice{4}));
}

TEST(RandomSampler, HasNothingWhereNothingIsAllowed) {
    EXPECT_FALSE(make_random_sampler(test::nothing_allowed(), 1)->propose({{0}, 0, {}}));
}

TEST(RandomSampler, FindsTheFewThatAreAllowed) {
    const auto space = test::little_allowed();
    std::set<Value> first, x;
    for (const auto& point : test::proposals(*make_random_sampler(space, 1), 50)) {
        space->validate(point);
        first.insert(point[0]);
        for (std::size_t i = 1; i < 5; ++i) EXPECT_EQ(point[i], Value(Choice{3}));
        x.insert(point[5]);
    }
    EXPECT_EQ(first, (std::set<Value>{Choice{3}, Choice{7}})) << "all that is allowed";
    EXPECT_EQ(x.size(), 50U) << "the others are ordinary draws";
    EXPECT_EQ(test::proposals(*make_random_sampler(space, 1), 20), test::proposals(*make_random_sampler(space, 1), 20));
}

}  // namespace
}  // namespace stemma
