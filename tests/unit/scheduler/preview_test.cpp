#include "scheduler/preview.hpp"

#include <gtest/gtest.h>

#include "contract/scheduler/driver.hpp"
#include "scheduler/asha.hpp"
#include "scheduler/gpbt.hpp"
#include "scheduler/hyperband.hpp"
#include "scheduler/pasha.hpp"
#include "scheduler/pbt.hpp"
#include "scheduler/random_search.hpp"
#include "scheduler/sha.hpp"

namespace stemma {
namespace {

/// entered of each row
std::vector<std::uint64_t> entered(const std::vector<RungRow>& rows) {
    std::vector<std::uint64_t> members;
    for (const auto& row : rows) members.push_back(row.entered);
    return members;
}

using Members = std::vector<std::uint64_t>;

TEST(Preview, AshaKeepsTheShareRoundedDown) {
    const auto rows = expected_rungs(AshaSettings{.min = 1, .max = 20, .eta = 3}, 100);

    EXPECT_EQ(entered(rows), (Members{100, 33, 11, 3}));
    EXPECT_EQ(rows[3].resource, 20);
    EXPECT_EQ(rows[2].promoted, 3U);
    EXPECT_EQ(rows[2].finished, 11U);
    EXPECT_EQ(rows[3].promoted, 0U);
    EXPECT_EQ(rows[0].bracket, 0);
    EXPECT_EQ(expected_resource(rows), 100 * 1 + 33 * 2 + 11 * 6 + 3 * 11);
}

TEST(Preview, ShaCountsWholeBracketsAndWhatIsLeft) {
    ShaSettings sha{.members = 9, .min = 1, .max = 9, .eta = 3, .repeat_brackets = true};
    EXPECT_EQ(entered(expected_rungs(sha, 22)), (Members{22, 7, 3}));  // 9 3 1, twice; 4 1 1

    sha.repeat_brackets = false;
    EXPECT_EQ(entered(expected_rungs(sha, 22)), (Members{9, 3, 1}));
    EXPECT_EQ(entered(expected_rungs(sha, 4)), (Members{4, 1, 1}));
}

TEST(Preview, HyperbandCountsItsCycle) {
    HyperbandSettings hyperband{.min = 1, .max = 9, .eta = 3};  // 9, 5, 3 members
    EXPECT_EQ(entered(expected_rungs(hyperband, 17)), (Members{9, 3, 1, 5, 1, 3}));
    EXPECT_EQ(entered(expected_rungs(hyperband, 20)), (Members{12, 4, 2, 5, 1, 3}));

    hyperband.repeat = false;
    EXPECT_EQ(entered(expected_rungs(hyperband, 20)), (Members{9, 3, 1, 5, 1, 3}));
    EXPECT_EQ(entered(expected_rungs(hyperband, 10)), (Members{9, 3, 1, 1, 1, 0}));
}

TEST(Preview, RandomSearchHasOneRung) {
    EXPECT_EQ(expected_resource(expected_rungs(RandomSearchSettings{.max = 7}, 6)), 42);
}

/// Reports that a scheduler gets in a search of its own.
class ReportCounter : public test::Listener {
public:
    void happened(const Event& event, const Actions&) override {
        reports += std::holds_alternative<event::Report>(event);
    }
    std::uint64_t reports = 0;
};

TEST(Preview, PbtReportsEveryIntervalTimesPeriod) {
    EXPECT_EQ(expected_reports({.population = 8, .interval = 2, .max = 40}), 8U * 20);
    for (const auto& periods : {std::vector<std::uint32_t>{1}, {1, 3}, {2, 5, 7}}) {
        // No member gives up before max, so that the number is exact.
        const PbtSettings settings{.population = 10, .interval = 3, .max = 40, .burn_in = 40, .periods = periods};
        const auto pbt = make_pbt(settings);
        ReportCounter counter;
        EXPECT_TRUE(test::Driver(*pbt, {.seed = 1, .members = 10'000}, &counter).run());

        EXPECT_EQ(counter.reports, expected_reports(settings));
    }
}

TEST(Preview, IsWhatSynchronousSearchesComeOutAs) {
    for (const std::uint64_t members : {1U, 5U, 17U, 40U, 100U}) {
        const ShaSettings sha{.members = 9, .min = 1, .max = 9, .eta = 3, .repeat_brackets = true};
        const HyperbandSettings hyperband{.min = 1, .max = 9, .eta = 3};
        const auto real_sha = make_sha(sha);
        const auto real_hyperband = make_hyperband(hyperband);
        EXPECT_TRUE(test::Driver(*real_sha, {.seed = 1, .members = members}).run());
        EXPECT_TRUE(test::Driver(*real_hyperband, {.seed = 1, .members = members}).run());

        EXPECT_EQ(entered(real_sha->rungs()), entered(expected_rungs(sha, members)));
        auto expected = entered(expected_rungs(hyperband, members));
        expected.resize(real_hyperband->rungs().size());
        EXPECT_EQ(entered(real_hyperband->rungs()), expected) << "but for brackets that were not begun";
    }
}

/// The rungs of a search with 2000 members, compared with the expected ones.
void expect_close(Scheduler& scheduler, const std::vector<RungRow>& expected) {
    EXPECT_TRUE(test::Driver(scheduler, {.seed = 1, .members = 2000, .workers = 20, .objectives = 100'000}).run());
    const auto real = scheduler.rungs();
    ASSERT_EQ(real.size(), expected.size());
    for (std::size_t k = 0; k < expected.size(); ++k) {
        EXPECT_EQ(real[k].resource, expected[k].resource);
        EXPECT_GE(real[k].entered, expected[k].entered);
        EXPECT_LE(static_cast<double>(real[k].entered),
                  static_cast<double>(expected[k].entered) + 3 * std::sqrt(2000.0))
            << "wrong promotions are of order sqrt(n)";
    }
}

TEST(Preview, OfAshaIsCloseToWhatComesOut) {
    const AshaSettings settings{.min = 1, .max = 27, .eta = 3};
    expect_close(*make_asha(settings), expected_rungs(settings, 2000));
}

/// Members change places at random here, so that all rungs are unlocked. Other searches do less than the preview says.
TEST(Preview, OfPashaIsCloseToWhatComesOutIfAllRungsAreUnlocked) {
    const PashaSettings settings{.min = 1, .max = 27, .eta = 3};
    expect_close(*make_pasha(settings), expected_rungs(settings, 2000));
}

TEST(Preview, OfGpbtIsWhatComesOut) {
    const GpbtSettings settings{.children = 6, .founders = 1.5, .ratio = 2, .interval = 3, .max = 10, .patience = 0};
    const auto gpbt = make_gpbt(settings);
    EXPECT_TRUE(test::Driver(*gpbt, {.seed = 1, .members = 200}).run());

    const auto real = gpbt->rungs();
    const auto expected = expected_rungs(settings, 0);

    ASSERT_EQ(real.size(), expected.size());
    for (std::size_t g = 0; g < expected.size(); ++g) {
        EXPECT_EQ(real[g].resource, expected[g].resource) << "generation " << g;
        EXPECT_EQ(real[g].entered, expected[g].entered) << "generation " << g;
        // For the last generation the number of members that would go on.
        EXPECT_EQ(g + 1 < real.size() ? real[g].promoted : 0, expected[g].promoted) << "generation " << g;
    }
}

}  // namespace
}  // namespace stemma
