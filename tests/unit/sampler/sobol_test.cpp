#include "sampler/sobol.hpp"

#include <gtest/gtest.h>

#include <set>

#include "core/error.hpp"
#include "sampler/random.hpp"
#include "support/errors.hpp"
#include "unit/sampler/fixtures.hpp"

namespace stemma {
namespace {

TEST(SobolSampler, AProposalDependsOnTheIndexAlone) {
    const auto space = test::cube(6);
    const auto forwards = make_sobol_sampler(space, 3);
    const auto scattered = make_sobol_sampler(space, 3);
    const auto all = test::proposals(*forwards, 200);
    for (std::uint64_t i = 0; i < 200; ++i) {
        const auto index = (i * 77) % 200;
        EXPECT_EQ(scattered->propose({{1000 + i}, index, {}}), all[index]) << index;
    }
}

TEST(SobolSampler, ReachesFarIndicesAtOnce) {
    const auto space = test::cube(4);
    const auto far = std::uint64_t{1} << 40U;
    EXPECT_EQ(test::proposals(*make_sobol_sampler(space, 3), 3, far + 1), [&] {
        auto all = test::proposals(*make_sobol_sampler(space, 3), 4, far);
        all.erase(all.begin());
        return all;
    }());
}

TEST(SobolSampler, EveryPowerOfTwoOfPointsHasOneInEachInterval) {
    // In each coordinate, and in each 2^a x 2^b tiling of the first two: a (0, m, 2)-net, kept by the digital shift.
    constexpr std::uint64_t count = 64;
    for (const std::uint64_t seed : {1, 2, 3}) {
        const auto sampler = make_sobol_sampler(test::cube(5), seed);
        for (std::uint64_t block = 0; block < 3; ++block) {
            const auto points = test::proposals(*sampler, count, block * count);
            for (std::size_t dimension = 0; dimension < 5; ++dimension) {
                std::set<int> intervals;
                for (const auto& point : points)
                    intervals.insert(static_cast<int>(count * std::get<double>(point[dimension])));
                EXPECT_EQ(intervals.size(), count) << "dimension " << dimension << " block " << block;
            }
            for (std::uint64_t columns = 2; columns < count; columns *= 2) {
                std::set<std::pair<int, int>> tiles;
                for (const auto& point : points) {
                    tiles.insert({static_cast<int>(double(columns) * std::get<double>(point[0])),
                                  static_cast<int>(double(count / columns) * std::get<double>(point[1]))});
                }
                EXPECT_EQ(tiles.size(), count) << columns << " columns, block " << block;
            }
        }
    }
}

TEST(SobolSampler, SeedsShiftTheSequence) {
    const auto space = test::cube(2);
    EXPECT_NE(test::proposals(*make_sobol_sampler(space, 1), 3), test::proposals(*make_sobol_sampler(space, 2), 3));
}

TEST(SobolSampler, ConstantsTakeNoDimension) {
    const auto plain = make_sobol_sampler(test::cube(1), 1);
    const auto with = make_sobol_sampler(
        test::share(SearchSpace({{"c", Constant{true}, Role::fixed, {}, {}}, {"x0", Real{}, Role::fixed, {}, {}}})), 1);
    for (std::uint64_t i = 0; i < 20; ++i)
        EXPECT_EQ((*plain->propose({{i}, i, {}}))[0], (*with->propose({{i}, i, {}}))[1]);
}

TEST(SobolSampler, ForbiddenPointsBecomeRandomDraws) {
    const auto space = test::share(test::training_space());
    const auto open = test::share(SearchSpace({space->parameters().begin(), space->parameters().end()}));
    const auto kept = test::proposals(*make_sobol_sampler(space, 5), 300);
    const auto raw = test::proposals(*make_sobol_sampler(open, 5), 300);
    const auto random = test::proposals(*make_random_sampler(space, 5), 300);
    std::size_t replaced = 0;
    for (std::size_t i = 0; i < kept.size(); ++i) {
        const bool allowed = space->allowed(raw[i]);
        EXPECT_EQ(kept[i], allowed ? raw[i] : random[i]) << i;
        replaced += !allowed;
    }
    EXPECT_GT(replaced, 5U);
}

TEST(SobolSampler, WorksWithConstantsOnly) {
    const auto space = test::share(SearchSpace({{"c", Constant{true}, Role::fixed, {}, {}}}));
    EXPECT_EQ(test::proposals(*make_sobol_sampler(space, 1), 2), (std::vector<Configuration>(2, {Choice{0}})));
}

TEST(SobolSampler, SaysWhatItCannotDo) {
    EXPECT_ERROR(make_sobol_sampler(test::cube(3668), 1), UserError, "hyperparameters at most, the space has 3668");
    EXPECT_FALSE(make_sobol_sampler(test::nothing_allowed(), 1)->propose({{0}, 0, {}}));
}

}  // namespace
}  // namespace stemma
