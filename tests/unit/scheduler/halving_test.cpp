// SHA and Hyperband.
#include <algorithm>
#include <limits>
#include <map>

#include "core/error.hpp"
#include "scheduler/hyperband.hpp"
#include "scheduler/sha.hpp"
#include "support/errors.hpp"
#include "unit/scheduler/script.hpp"

namespace stemma::test {
namespace {

/// Reports each piece of work with its member's number as objective: the oldest are the best.
void report_all(Script& script, const std::vector<Work>& work) {
    for (const auto& piece : work) script.report(piece, static_cast<double>(piece.member));
}

std::vector<std::uint64_t> members_of(const std::vector<Work>& work) {
    std::vector<std::uint64_t> members;
    for (const auto& piece : work) members.push_back(piece.member);
    std::sort(members.begin(), members.end());
    return members;
}

struct WorkedExample {
    ShaSettings settings;
    std::vector<std::pair<std::uint64_t, Resource>> rungs;
};

class ShaExample : public testing::TestWithParam<WorkedExample> {};

void PrintTo(const WorkedExample& example, std::ostream* out) { *out << example.settings.members << " members"; }

TEST_P(ShaExample, RungByRung) {
    Script sha(make_sha(GetParam().settings));
    for (const auto& [members, resource] : GetParam().rungs) {
        const auto work = sha.all_work();
        ASSERT_EQ(work.size(), members);
        for (const auto& piece : work) EXPECT_EQ(piece.to, resource);
        EXPECT_EQ(sha.work(), std::nullopt) << "everybody waits for the rung";
        report_all(sha, work);
        EXPECT_EQ(members_of(work).back(), members - 1) << "the best go up";
    }
    EXPECT_TRUE(sha.scheduler().exhausted());
    const auto rows = sha.scheduler().rungs();
    ASSERT_EQ(rows.size(), GetParam().rungs.size());
    for (std::size_t k = 0; k < rows.size(); ++k) {
        EXPECT_EQ(rows[k].entered, GetParam().rungs[k].first);
        EXPECT_EQ(rows[k].finished, GetParam().rungs[k].first);
        EXPECT_EQ(rows[k].promoted, k + 1 < rows.size() ? GetParam().rungs[k + 1].first : 0);
    }
}

ShaSettings once(std::uint64_t members, Resource max, std::int64_t eta, int s = 0) {
    return {.members = members, .min = 1, .max = max, .eta = eta, .early_stopping_rate = s, .repeat_brackets = false};
}

INSTANTIATE_TEST_SUITE_P(Literature, ShaExample,
                         testing::Values(WorkedExample{once(27, 27, 3), {{27, 1}, {9, 3}, {3, 9}, {1, 27}}},
                                         WorkedExample{once(256, 256, 4),
                                                       {{256, 1}, {64, 4}, {16, 16}, {4, 64}, {1, 256}}},
                                         WorkedExample{once(9, 9, 3, 1), {{9, 3}, {3, 9}}},
                                         WorkedExample{once(20, 9, 3), {{20, 1}, {6, 3}, {2, 9}}}));

TEST(Sha, DroppedMembersDoNotHoldUpTheRungNorShrinkTheNext) {
    Script sha(make_sha(once(9, 9, 3)));
    const auto work = sha.all_work();
    for (std::size_t i = 0; i < 5; ++i) sha.give_up(i);

    report_all(sha, {work.begin() + 5, work.end()});

    EXPECT_EQ(members_of(sha.all_work()), (std::vector<std::uint64_t>{5, 6, 7})) << "floor(9 / 3) of the four left";
}

TEST(Sha, WithFewerLeftThanPlacesAllOfThemGoUp) {
    Script sha(make_sha(once(9, 9, 3)));
    const auto work = sha.all_work();
    for (std::size_t i = 0; i < 6; ++i) sha.give_up(i);
    sha.report(work[6], infinite);
    sha.report(work[7], 1);
    sha.report(work[8], 2);

    EXPECT_EQ(members_of(sha.all_work()), (std::vector<std::uint64_t>{7, 8})) << "non-finite never goes up";
}

TEST(Sha, EndsWhenNobodyIsLeft) {
    Script sha(make_sha(once(3, 9, 3)));
    const auto work = sha.all_work();
    for (const auto& piece : work) sha.report(piece, infinite);

    EXPECT_TRUE(sha.scheduler().exhausted());
    EXPECT_EQ(sha.work(), std::nullopt);
}

TEST(Sha, FreeWorkersBeginAnotherBracketWhereThatIsWanted) {
    auto settings = once(3, 3, 3);
    settings.repeat_brackets = true;
    Script sha(make_sha(settings));
    std::vector<Work> work;
    for (int i = 0; i < 4; ++i) work.push_back(*sha.work());

    EXPECT_EQ(work[3], (Work{3, 1})) << "the first of a second bracket";
    report_all(sha, {work.begin(), work.begin() + 3});
    EXPECT_EQ(sha.work(), (Work{0, 3})) << "the older bracket first";
    EXPECT_EQ(sha.work(), (Work{4, 1}));
    EXPECT_FALSE(sha.scheduler().exhausted());
}

TEST(Sha, RefusedMembersMakeTheBracketSmaller) {
    Script sha(make_sha(once(27, 27, 3)));
    std::vector<Work> work;
    for (int i = 0; i < 10; ++i) work.push_back(*sha.work());
    EXPECT_EQ(sha.work_without_births(), std::nullopt);

    report_all(sha, work);

    EXPECT_EQ(sha.all_work().size(), 3U) << "floor(10 / 3)";
}

TEST(Sha, GoesOnWithItsBestAfterAnExtension) {
    Script sha(make_sha(once(9, 9, 3)));
    for (int rung = 0; rung < 3; ++rung) report_all(sha, sha.all_work());
    EXPECT_TRUE(sha.scheduler().exhausted());

    sha.say(event::Extended{27});

    EXPECT_FALSE(sha.scheduler().exhausted());
    EXPECT_EQ(sha.work(), (Work{0, 27}));
}

TEST(Sha, RefusesImpossibleSettings) {
    EXPECT_ERROR(make_sha({.members = 0, .min = 1, .max = 9}), UserError,
                 "SHA needs members >= 1, the number in its first rung; got 0");
    EXPECT_ERROR(make_sha({.members = 9, .min = 1, .max = 9, .eta = 1}), UserError, "got min = 1, max = 9, eta = 1");
}

TEST(Hyperband, BracketsAreThoseOfTheFormula) {
    const HyperbandSettings settings{.min = 1, .max = 81, .eta = 3};

    EXPECT_EQ(hyperband_brackets(settings), 5);
    const std::vector<std::uint64_t> members{81, 34, 15, 8, 5};  // ceil(5 / (s + 1) * 3^s), s = 4 .. 0
    for (int b = 0; b < 5; ++b) EXPECT_EQ(hyperband_members(settings, b), members[static_cast<std::size_t>(b)]);
}

TEST(Hyperband, RunsItsBracketsInTurn) {
    Script hyperband(make_hyperband({.min = 1, .max = 9, .eta = 3, .repeat = false}));
    std::vector<std::pair<std::size_t, Resource>> rungs;
    while (!hyperband.scheduler().exhausted()) {
        const auto work = hyperband.all_work();  // no report meanwhile: all brackets begin at once
        for (const auto& piece : work) {
            if (rungs.empty() || rungs.back().second != piece.to) rungs.push_back({0, piece.to});
            ++rungs.back().first;
        }
        report_all(hyperband, work);
    }
    // n = 9, 5, 3 begin; then 3 of 9 and 1 of 5 go up, then 1 of 3.
    const std::vector<std::pair<std::size_t, Resource>> expected{{9, 1}, {5, 3}, {3, 9}, {3, 3}, {2, 9}};
    EXPECT_EQ(rungs, expected);
    EXPECT_EQ(hyperband.scheduler().rungs().size(), 6U);
}

TEST(Hyperband, BeginsAgainUntilTheBudgetEnds) {
    Script hyperband(make_hyperband({.min = 1, .max = 9, .eta = 3}));
    std::vector<Resource> to;
    for (int i = 0; i < 18; ++i) to.push_back(hyperband.work()->to);

    EXPECT_EQ(to[16], 9);
    EXPECT_EQ(to[17], 1) << "the first bracket again";
}

TEST(Hyperband, SaysTheBracketOfEachMember) {
    Script hyperband(make_hyperband({.min = 1, .max = 9, .eta = 3}));
    std::map<std::uint64_t, int> members;
    for (int i = 0; i < 18; ++i) {
        hyperband.work();
        ++members[hyperband.last_create.bracket.value];
    }
    EXPECT_EQ(members, (std::map<std::uint64_t, int>{{0, 9}, {1, 5}, {2, 3}, {3, 1}})) << "in order of their opening";
}

TEST(Hyperband, FinishedBracketsGoOnAfterAnExtension) {
    Script hyperband(make_hyperband({.min = 1, .max = 9, .eta = 3}));
    std::vector<Work> work;
    for (int i = 0; i < 9; ++i) work.push_back(*hyperband.work());
    EXPECT_EQ(hyperband.work_without_births(), std::nullopt);
    report_all(hyperband, work);
    for (int rung = 0; rung < 2; ++rung) {
        work.clear();
        while (const auto given = hyperband.work_without_births()) work.push_back(*given);
        report_all(hyperband, work);
    }
    EXPECT_TRUE(hyperband.scheduler().exhausted());

    hyperband.say(event::Extended{27});

    EXPECT_EQ(hyperband.work(), (Work{0, 27}));
}

TEST(Hyperband, RefusesImpossibleSettings) {
    EXPECT_ERROR(make_hyperband({.min = 0, .max = 9}), UserError,
                 "1 <= min <= max, eta >= 2 and early_stopping_rate >= 0 are needed; got min = 0");
    EXPECT_ERROR(make_hyperband({.min = 1, .max = 9, .brackets = -1}), UserError,
                 "brackets must be >= 0 (0 = all); got -1");
    EXPECT_ERROR(make_hyperband({.min = 1, .max = std::numeric_limits<Resource>::max(), .eta = 2}), UserError,
                 "would have more than 2^63 members: raise min");
}

}  // namespace
}  // namespace stemma::test
