#include "scheduler/rung.hpp"

#include <gtest/gtest.h>

#include <limits>

namespace stemma {
namespace {

constexpr double infinite = std::numeric_limits<double>::infinity();

/// Members 0, 1, ... finish with these objectives. Returns those that enter the top, in order.
std::vector<std::uint64_t> entrants(Rung& rung, const std::vector<double>& objectives) {
    std::vector<Entrant> entered;
    for (std::uint64_t member = 0; member < objectives.size(); ++member)
        rung.finish({member}, objectives[member], entered);
    std::vector<std::uint64_t> members;
    for (const auto& entrant : entered) members.push_back(entrant.member.value);
    return members;
}

std::vector<std::uint64_t> take_all(Rung& rung) {
    std::vector<std::uint64_t> members;
    while (const auto member = rung.take_best()) members.push_back(member->value);
    return members;
}

using Members = std::vector<std::uint64_t>;

TEST(Rung, TopIsTheBestShareRoundedDown) {
    Rung rung(3);

    entrants(rung, {5, 4, 3, 2, 1, 6, 7, 8});

    EXPECT_EQ(rung.finished(), 8U);
    EXPECT_EQ(take_all(rung), (Members{4, 3}));
}

TEST(Rung, IsEmptyBelowEtaUnlessOneIsAlwaysWanted) {
    Rung paper(3);
    Rung stopping(3, true);

    EXPECT_EQ(entrants(paper, {1, 2}), Members{});
    EXPECT_EQ(entrants(stopping, {2, 1}), (Members{0, 1}));
    EXPECT_EQ(take_all(stopping), Members{1});
}

TEST(Rung, WhoWasTakenIsNotTakenAgainButKeepsItsPlace) {
    Rung rung(3);
    entrants(rung, {1, 2, 3});
    EXPECT_EQ(take_all(rung), Members{0});

    std::vector<Entrant> entered;
    rung.finish({3}, 0.5, entered);

    EXPECT_EQ(take_all(rung), Members{3}) << "the top has one place, now of member 3";
    rung.finish({4}, 9, entered);
    rung.finish({5}, 9, entered);
    EXPECT_FALSE(rung.has_candidate()) << "members 3 and 0 are the top two, both taken";
}

TEST(Rung, NonFiniteCountsAndIsNeverInTheTop) {
    Rung rung(2);

    entrants(rung, {infinite, 7, infinite, infinite, infinite, infinite});

    EXPECT_EQ(rung.finished(), 6U);
    EXPECT_EQ(take_all(rung), Members{1});
}

TEST(Rung, TiesGoToTheOlderMember) {
    Rung rung(2);
    std::vector<Entrant> entered;
    for (const std::uint64_t member : {7U, 3U, 9U, 5U}) rung.finish({member}, 1, entered);

    EXPECT_EQ(take_all(rung), (Members{3, 5}));
}

TEST(Rung, PushedOutAndBackInIsACandidateOnce) {
    Rung rung(2);
    entrants(rung, {2, 3, 1});  // 0 enters, then 2 pushes it out
    std::vector<Entrant> entered;
    rung.finish({3}, 9, entered);  // room for 0 again

    EXPECT_EQ(take_all(rung), (Members{2, 0}));
}

TEST(Rung, WithdrawnMembersAreSkipped) {
    Rung rung(2);
    entrants(rung, {1, 2, 3, 4});

    rung.withdraw({1});
    EXPECT_TRUE(rung.has_candidate());
    rung.withdraw({0});

    EXPECT_FALSE(rung.has_candidate());
    EXPECT_EQ(take_all(rung), Members{}) << "their places stay theirs";
}

}  // namespace
}  // namespace stemma
