#include "scheduler/outcome_rung.hpp"

#include <gmock/gmock.h>

#include <algorithm>
#include <limits>

#include "core/rng.hpp"
#include "outcome/order.hpp"

namespace stemma {
namespace {

using ::testing::ElementsAre;

Outcome outcome(std::initializer_list<double> values) {
    return {Objectives(std::span<const double>(values.begin(), values.size()))};
}

/// (loss, latency) of eight members; 0 and 3 are twins.
std::vector<Outcome> eight() {
    return {outcome({.45, 14}), outcome({.45, 17}), outcome({.42, 32}), outcome({.45, 14}),
            outcome({.47, 21}), outcome({.38, 39}), outcome({.39, 34}), outcome({.59, 13})};
}

TEST(OutcomeRung, PromotesAtMostAThirdEver) {
    OutcomeRung rung(3);
    std::vector<MemberId> entered;
    std::vector<std::pair<std::uint64_t, std::uint64_t>> promoted;  // (after the report of, who)
    const auto all = eight();
    for (std::uint64_t i = 0; i < all.size(); ++i) {
        rung.finish({i}, all[i], entered);
        while (const auto one = rung.take_best()) promoted.emplace_back(i, one->value);
    }
    EXPECT_THAT(promoted, ElementsAre(std::pair(2U, 2U), std::pair(5U, 5U)));
    EXPECT_THAT(entered, ElementsAre(MemberId{2}, MemberId{5}, MemberId{0}));
    EXPECT_EQ(rung.finished(), 8U);
    EXPECT_EQ(rung.top_size(), 2U);
}

TEST(OutcomeRung, TheDivergedCountAndAreNoCandidates) {
    OutcomeRung rung(2);
    std::vector<MemberId> entered;
    const double nan = std::numeric_limits<double>::quiet_NaN();
    rung.finish({0}, outcome({nan, 1}), entered);
    rung.finish({1}, outcome({1, std::numeric_limits<double>::infinity()}), entered);
    EXPECT_FALSE(rung.has_candidate());
    rung.finish({2}, outcome({5, 5}), entered);
    EXPECT_EQ(rung.take_best(), MemberId{2});
    EXPECT_EQ(rung.take_best(), std::nullopt);
    EXPECT_EQ(rung.finished(), 3U);
}

TEST(OutcomeRung, AWithdrawnMemberKeepsItsPlace) {
    OutcomeRung rung(2);
    std::vector<MemberId> entered;
    rung.finish({0}, outcome({1, 1}), entered);
    rung.finish({1}, outcome({2, 2}), entered);
    rung.withdraw({0});
    EXPECT_FALSE(rung.has_candidate());  // 1 is not in the top
    rung.finish({2}, outcome({3, 3}), entered);
    rung.finish({3}, outcome({4, 4}), entered);
    EXPECT_EQ(rung.take_best(), MemberId{1});
    EXPECT_EQ(rung.take_best(), std::nullopt);
}

TEST(OutcomeRung, CountsWhoDominates) {
    OutcomeRung rung(3);
    std::vector<MemberId> entered;
    const auto all = eight();
    for (std::uint64_t i = 0; i < all.size(); ++i) rung.finish({i}, all[i], entered);
    EXPECT_EQ(rung.dominators(all[0]), 0U);
    EXPECT_EQ(rung.dominators(all[1]), 2U);
    EXPECT_EQ(rung.dominators(all[4]), 3U);
}

// By the rule alone: after each report, who is promoted is computed from everything that was reported.
TEST(OutcomeRung, AgreesWithTheRule) {
    for (std::uint64_t seed = 0; seed < 200; ++seed) {
        Stream draw(seed, Purpose::test);
        const std::uint64_t eta = 2 + draw.below(3);
        OutcomeRung rung(static_cast<std::int64_t>(eta));
        std::vector<MemberId> entered;
        std::vector<Candidate> all;
        std::vector<MemberId> gone;
        std::uint64_t taken = 0;
        std::uint64_t finished = 0;
        const auto expected = [&]() -> std::optional<MemberId> {
            const auto places = finished / eta;
            if (taken >= places) return std::nullopt;
            for (const auto index : order_of(all, places)) {
                if (std::find(gone.begin(), gone.end(), all[index].member) == gone.end()) return all[index].member;
            }
            return std::nullopt;
        };
        for (std::uint64_t i = 0; i < 60; ++i) {
            std::vector<double> values;
            for (std::size_t d = 0; d < 2 + seed % 2; ++d) values.push_back(std::floor(draw.uniform() * 8));
            if (draw.uniform() < .1) values[0] = std::numeric_limits<double>::infinity();
            const Outcome one{Objectives(values)};
            ++finished;
            if (!one.diverged()) all.push_back({{i}, one});
            rung.finish({i}, one, entered);
            if (draw.uniform() < .1 && !all.empty()) {
                gone.push_back(all[draw.below(all.size())].member);
                rung.withdraw(gone.back());
            }
            for (auto asks = draw.below(3); asks-- > 0;) {
                const auto wanted = expected();
                ASSERT_EQ(rung.has_candidate(), wanted.has_value()) << "seed " << seed << ", report " << i;
                ASSERT_EQ(rung.take_best(), wanted) << "seed " << seed << ", report " << i;
                if (!wanted) break;
                gone.push_back(*wanted);
                ++taken;
            }
        }
        EXPECT_LE(taken, finished / eta);
    }
}

// With an order that is not computed after each report, a free place never stays empty while a member could have it.
TEST(OutcomeRung, LargeRungsFillTheirPlaces) {
    OutcomeRung rung(4);
    std::vector<MemberId> entered;
    Stream draw(1, Purpose::test);
    std::uint64_t taken = 0;
    for (std::uint64_t i = 0; i < 10'600; ++i) {
        rung.finish({i}, outcome({draw.uniform(), draw.uniform()}), entered);
        if (i < 10'000) continue;  // one after another from here on
        while (rung.take_best()) ++taken;
        ASSERT_EQ(taken, (i + 1) / 4) << i;
    }
}

}  // namespace
}  // namespace stemma
