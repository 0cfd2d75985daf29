#include "scheduler/pasha.hpp"

#include <gmock/gmock.h>

#include "core/error.hpp"
#include "unit/scheduler/script.hpp"

namespace stemma::test {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

std::vector<RankedMember> members(const std::vector<std::pair<std::uint64_t, double>>& list) {
    std::vector<RankedMember> out;
    for (const auto& [member, objective] : list) out.push_back({{member}, objective});
    return out;
}

/// The worked example of the curves a, b, c, d (members 0 .. 3) in percent at units 1, 2, 3; rungs 1 and 3.
class Example {
public:
    explicit Example(Resource max = 27) : script_(make_pasha({.max = max})) {}
    /// Trains `count` members to the first rung.
    void begin(std::uint64_t count) {
        std::vector<Work> work;
        for (std::uint64_t i = 0; i < count; ++i) work.push_back(*script_.work());
        for (const auto& piece : work) script_.report(piece, first(piece.member));
    }
    /// The report of a member at unit 3, with the curve of units 2 and 3.
    void report_third(std::uint64_t member) {
        const UnitResult curve[] = {{2, curves_[member][1]}, {3, curves_[member][2]}};
        script_.say(event::Report{{member}, 3, curves_[member][2], 0, curve});
    }
    Script& script() { return script_; }
    Resource unlocked() { return script_.scheduler().rungs().back().resource; }

private:
    double first(std::uint64_t member) const {
        return member < 4 ? curves_[member][0] : 100 + static_cast<double>(member);  // worse than all
    }
    double curves_[4][3] = {{50, 40, 35}, {48, 42, 33}, {60, 55, 36}, {47, 43, 38}};
    Script script_;
};

TEST(Pasha, EpsilonIsThe90thPercentileInterpolated) {
    EXPECT_EQ(pasha_epsilon({2}), 2);
    EXPECT_DOUBLE_EQ(pasha_epsilon({4, 0}), 3.6);
    EXPECT_DOUBLE_EQ(pasha_epsilon({0, 10, 1, 2, 3, 4, 5, 6, 7, 8, 9}), 9);
}

TEST(Pasha, NeighborsUpToEpsilonMayChangePlaces) {
    const auto below = members({{3, 47}, {1, 48}, {0, 50}, {2, 60}});
    const auto top = members({{1, 33}, {0, 35}, {2, 36}, {3, 38}});
    EXPECT_FALSE(ranks_agree(below, top, 2));
    EXPECT_FALSE(ranks_agree(below, top, 12)) << "the last of below is 13 away from the first";
    EXPECT_TRUE(ranks_agree(below, top, 13));
    EXPECT_TRUE(ranks_agree(below, below, 0));

    const auto three = members({{3, 47}, {1, 48}, {0, 50}});
    const auto three_top = members({{1, 33}, {0, 35}, {3, 38}});
    EXPECT_FALSE(ranks_agree(three, three_top, 2));
    EXPECT_TRUE(ranks_agree(three, three_top, 3));
}

TEST(Pasha, NeighborsAreCountedOutwardsUpToTheFirstThatIsFar) {
    // 2 lies near 1 only, and the first of below is 4 away from it.
    EXPECT_FALSE(ranks_agree(members({{0, 0}, {1, 2}, {2, 4}}), members({{2, 0}, {1, 1}, {0, 2}}), 2));
    EXPECT_TRUE(ranks_agree(members({{0, 0}, {1, 2}, {2, 4}}), members({{1, 0}, {0, 1}, {2, 2}}), 2));
}

TEST(Pasha, StartsWithTwoRungs) {
    Example example;
    EXPECT_EQ(example.unlocked(), 3);
    EXPECT_THAT(example.script().scheduler().describe(), "PASHA: eta 3, rungs 1 3 9 27, unlocked up to 3");
    example.begin(9);
    const auto promoted = example.script().work();
    EXPECT_EQ(promoted, (Work{3, 3})) << "as ASHA: the best of nine";
}

/// Only the curves of a and b cross and cross back: epsilon is 2.
TEST(Pasha, UnlocksARungWhenTheOrderChangesByMoreThanTheNoise) {
    Example example;
    example.begin(12);
    for (const std::uint64_t member : {3U, 1U, 0U, 2U}) EXPECT_EQ(example.script().work(), (Work{member, 3}));
    example.report_third(1);
    EXPECT_EQ(example.unlocked(), 3) << "one member has no order";
    example.report_third(0);
    EXPECT_EQ(example.unlocked(), 3) << "b is before a in both";
    example.report_third(2);
    EXPECT_EQ(example.unlocked(), 3) << "c comes after both";
    example.report_third(3);
    EXPECT_EQ(example.unlocked(), 9) << "d was the first and is the last";
    EXPECT_EQ(example.script().work(), (Work{1, 9})) << "the best of the old top is promoted";
    EXPECT_THAT(example.script().scheduler().describe(), HasSubstr("unlocked up to 9"));
}

TEST(Pasha, NoiseKeepsTheRungsAsTheyAre) {
    Script script(make_pasha({.max = 27}));
    std::vector<Work> work;
    for (std::uint64_t i = 0; i < 9; ++i) work.push_back(*script.work());
    const double first[] = {50, 51, 53};
    for (const auto& piece : work) script.report(piece, piece.member < 3 ? first[piece.member] : 90);
    for (const std::uint64_t member : {0U, 1U, 2U}) ASSERT_EQ(script.work(), (Work{member, 3}));
    // 0 and 1 cross at 2 and cross back at 3, where they are 3 apart: epsilon is 3. 2 overtakes 1, which was 2 better.
    const UnitResult curves[][2] = {{{2, 45}, {3, 40}}, {{2, 44}, {3, 43}}, {{2, 50}, {3, 42}}};
    for (const std::uint64_t member : {0U, 1U, 2U})
        script.say(event::Report{{member}, 3, curves[member][1].objective, 0, curves[member]});
    EXPECT_EQ(script.scheduler().rungs().back().resource, 3);
    EXPECT_EQ(script.work()->to, 1) << "no member goes beyond the highest unlocked rung";
}

TEST(Pasha, WithoutCurvesAnyChangeOfPlacesUnlocks) {
    Script script(make_pasha({.max = 9}));
    std::vector<Work> work;
    for (std::uint64_t i = 0; i < 6; ++i) work.push_back(*script.work());
    for (const auto& piece : work) script.report(piece, 1 + 0.1 * static_cast<double>(piece.member));
    ASSERT_EQ(script.work(), (Work{0, 3}));
    ASSERT_EQ(script.work(), (Work{1, 3}));
    script.report({0, 3}, 0.9);
    script.report({1, 3}, 0.8);
    EXPECT_EQ(script.scheduler().rungs().back().resource, 9);
}

TEST(Pasha, EndsWhenNobodyIsPromotableBelowTheHighestUnlockedRung) {
    Script script(make_pasha({.max = 27}));
    std::vector<Work> work;
    for (std::uint64_t i = 0; i < 3; ++i) work.push_back(*script.work());
    for (const auto& piece : work) script.report(piece, static_cast<double>(piece.member));
    const auto last = script.work();
    ASSERT_EQ(last, (Work{0, 3}));
    script.report(*last, 0);
    EXPECT_EQ(script.work_without_births(), std::nullopt);
    EXPECT_TRUE(script.scheduler().exhausted());
}

TEST(Pasha, UnlockingAsksForNoMembersThatWereRefused) {
    Example example;
    example.begin(12);
    for (int i = 0; i < 4; ++i) example.script().work();
    example.script().say(event::NoMoreMembers{});
    for (const std::uint64_t member : {1U, 0U, 2U, 3U}) example.report_third(member);
    ASSERT_EQ(example.unlocked(), 9);
    EXPECT_EQ(example.script().work(), (Work{1, 9}));
    const auto actions = example.script().say(event::WorkWanted{});
    EXPECT_TRUE(actions.empty());
}

TEST(Pasha, DivergedMembersHaveNoPlace) {
    Example example;
    example.begin(12);
    for (int i = 0; i < 4; ++i) example.script().work();
    example.report_third(1);
    example.report_third(0);
    example.script().report({3, 3}, infinite);
    EXPECT_EQ(example.unlocked(), 3);
}

TEST(Pasha, ALargerMaximumIsMoreRungsToUnlock) {
    Example example(3);
    EXPECT_EQ(example.script().scheduler().describe(), "PASHA: eta 3, rungs 1 3, unlocked up to 3");
    example.begin(12);
    for (int i = 0; i < 4; ++i) example.script().work();
    for (const std::uint64_t member : {1U, 0U, 2U}) example.report_third(member);
    example.script().say(event::Extended{9});
    EXPECT_EQ(example.unlocked(), 3);
    example.report_third(3);
    EXPECT_EQ(example.unlocked(), 9);
}

TEST(Pasha, IsExpectedToDoWhatAshaDoesAtMost) {
    const auto rows = expected_rungs(PashaSettings{.max = 9}, 27);
    ASSERT_EQ(rows.size(), 3U);
    EXPECT_EQ(rows[2].entered, 3U) << "at most";
}

TEST(Pasha, RefusesSettingsOutOfRange) {
    const auto refused = [](const PashaSettings& settings, const char* key) {
        try {
            make_pasha(settings);
            FAIL() << key;
        } catch (const UserError& error) {
            EXPECT_THAT(error.what(), AllOf(HasSubstr("scheduler: "), HasSubstr(key)));
        }
    };
    refused({.min = 0, .max = 9}, "min must be an integer in 1 ..");
    refused({.min = 10, .max = 9}, "min must be <= max = 9; got 10");
    refused({.min = 1, .max = 9, .eta = 1}, "eta must be an integer in 2 .. 1000; got 1");
}

}  // namespace
}  // namespace stemma::test
