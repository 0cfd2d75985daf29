#include "core/rng.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <map>
#include <set>
#include <vector>

#include "core/error.hpp"
#include "core/shuffle.hpp"
#include "support/errors.hpp"

namespace stemma {
namespace {

std::vector<std::uint64_t> numbers(Stream stream, std::size_t count) {
    std::vector<std::uint64_t> list(count);
    for (auto& number : list) number = stream();
    return list;
}

TEST(Stream, SameKeyGivesTheSameNumbers) {
    EXPECT_EQ(numbers(Stream(7, Purpose::test, 3, 2), 100), numbers(Stream(7, Purpose::test, 3, 2), 100));
}

TEST(Stream, ACopyGoesOnWhereItsOriginalStood) {
    Stream original(7, Purpose::test);
    original();  // the second half of a block is pending
    Stream copy = original;
    EXPECT_EQ(numbers(original, 9), numbers(copy, 9));
}

TEST(Stream, EveryPartOfTheKeyMatters) {
    const auto reference = numbers(Stream(7, Purpose::test, 3, 2), 4);
    EXPECT_NE(numbers(Stream(8, Purpose::test, 3, 2), 4), reference);
    EXPECT_NE(numbers(Stream(7 | 1ULL << 40U, Purpose::test, 3, 2), 4), reference);
    EXPECT_NE(numbers(Stream(7, Purpose::fault, 3, 2), 4), reference);
    EXPECT_NE(numbers(Stream(7, Purpose::test, 4, 2), 4), reference);
    EXPECT_NE(numbers(Stream(7, Purpose::test, 3 | 1ULL << 40U, 2), 4), reference);
    EXPECT_NE(numbers(Stream(7, Purpose::test, 3, 1), 4), reference);
}

TEST(Stream, NeighboringKeysShareNoNumber) {
    std::set<std::uint64_t> seen;
    for (std::uint64_t subject = 0; subject < 50; ++subject) {
        for (std::uint64_t index = 0; index < 50; ++index) {
            for (const auto number : numbers(Stream(1, Purpose::test, subject, index), 4)) seen.insert(number);
        }
    }
    EXPECT_EQ(seen.size(), 50U * 50U * 4U);
}

TEST(Stream, UniformStaysInItsRangeAndHasItsMoments) {
    Stream random(1, Purpose::test);
    double sum = 0, squares = 0;
    constexpr int count = 100'000;
    for (int i = 0; i < count; ++i) {
        const double x = random.uniform(-2, 4);
        ASSERT_GE(x, -2);
        ASSERT_LT(x, 4);
        sum += x;
        squares += x * x;
    }
    const double mean = sum / count;
    EXPECT_NEAR(mean, 1, 0.03);
    EXPECT_NEAR(squares / count - mean * mean, 3, 0.05);
}

TEST(Stream, BelowIsUniform) {
    Stream random(1, Purpose::test);
    constexpr std::uint64_t bound = 7;
    constexpr double expected = 10'000;
    std::vector<double> counts(bound, 0);
    for (int i = 0; i < expected * bound; ++i) ++counts.at(random.below(bound));
    double chi_square = 0;
    for (const auto count : counts) chi_square += (count - expected) * (count - expected) / expected;
    EXPECT_LT(chi_square, 22.5);  // 6 degrees of freedom, p = 0.001
}

TEST(Stream, BelowHasNoBiasForAHugeBound) {
    // With a bound of 3/4 of the range a plain modulo would give its lower third twice as often.
    Stream random(2, Purpose::test);
    constexpr std::uint64_t bound = 3ULL << 62U;
    int lower_third = 0;
    for (int i = 0; i < 30'000; ++i) lower_third += random.below(bound) < bound / 3;
    EXPECT_NEAR(lower_third, 10'000, 300);
}

TEST(Stream, BelowOneIsZeroAndBelowZeroIsABug) {
    Stream random(1, Purpose::test);
    EXPECT_EQ(random.below(1), 0U);
    EXPECT_ERROR(random.below(0), InternalError, "needs bound > 0");
}

TEST(Stream, NormalHasItsMoments) {
    Stream random(1, Purpose::test);
    double sum = 0, squares = 0;
    constexpr int count = 100'000;
    for (int i = 0; i < count; ++i) {
        const double x = random.normal();
        ASSERT_TRUE(std::isfinite(x));
        sum += x;
        squares += x * x;
    }
    EXPECT_NEAR(sum / count, 0, 0.02);
    EXPECT_NEAR(squares / count, 1, 0.03);
}

TEST(DeriveSeed, IsAFunctionOfTheKey) {
    EXPECT_EQ(derive_seed(1, Purpose::training, 5), derive_seed(1, Purpose::training, 5));
    EXPECT_NE(derive_seed(1, Purpose::training, 5), derive_seed(1, Purpose::training, 6));
    EXPECT_NE(derive_seed(1, Purpose::training, 5), derive_seed(1, Purpose::data_order, 5));
}

TEST(Shuffle, EachOrderIsAsLikely) {
    std::map<std::vector<int>, int> counts;
    Stream stream(7, Purpose::test);
    for (int i = 0; i < 6000; ++i) {
        std::vector<int> values{1, 2, 3};
        shuffle(values, stream);
        ++counts[values];
    }
    ASSERT_EQ(counts.size(), 6U);
    for (const auto& [order, count] : counts) EXPECT_NEAR(count, 1000, 150);  // five standard deviations
}

}  // namespace
}  // namespace stemma
