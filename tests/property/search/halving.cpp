// Rounds of halving come out as preview says, and always train a member to max.
#include <gtest/gtest.h>

#include "case.hpp"
#include "core/rng.hpp"
#include "sampler/random.hpp"
#include "scheduler/hyperband.hpp"
#include "scheduler/sha.hpp"

namespace stemma::testing {
namespace {

/// A search without failures: the rungs at its end.
std::vector<RungRow> rungs_of(std::unique_ptr<Scheduler> scheduler, std::uint64_t members, std::uint64_t seed) {
    auto search = plain_case(Kind::random, seed);
    search.manager.budget.members = members;
    search.simulation.workers = static_cast<std::uint32_t>(1 + seed % 9);
    Manager manager(search.manager, *search.space(), std::move(scheduler),
                    make_random_sampler(search.space(), search.manager.seed));
    Recorder recorder(search.checkers());
    const auto journal = record::null_journal();
    const auto result = simulate(manager, curve(), search.simulation, *journal, &recorder);
    recorder.checkers.compare(manager);
    EXPECT_TRUE(result.ended) << simulation_report(result);
    return result.rungs;
}

void expect_equal(const std::vector<RungRow>& real, std::vector<RungRow> expected) {
    std::erase_if(expected, [](const RungRow& row) { return row.entered == 0; });
    ASSERT_EQ(real.size(), expected.size());
    for (std::size_t i = 0; i < real.size(); ++i) {
        SCOPED_TRACE("row " + std::to_string(i));
        EXPECT_EQ(real[i].bracket, expected[i].bracket);
        EXPECT_EQ(real[i].resource, expected[i].resource);
        EXPECT_EQ(real[i].entered, expected[i].entered);
        EXPECT_EQ(real[i].finished, expected[i].finished);
        EXPECT_EQ(real[i].promoted, expected[i].promoted);
    }
}

/// In the last rung of each bracket, which is at max.
void expect_winners(const std::vector<RungRow>& rows, Resource max) {
    for (std::size_t i = 0; i < rows.size(); ++i) {
        if (i + 1 < rows.size() && rows[i + 1].bracket == rows[i].bracket) continue;
        EXPECT_EQ(rows[i].resource, max);
        EXPECT_GE(rows[i].finished, 1U) << "bracket " << rows[i].bracket;
    }
}

TEST(Halving, ComesOutAsPreviewSaysAndTrainsWinnersToMax) {
    for (const auto seed : seeds(300)) {
        SCOPED_TRACE(how_to_replay(seed));
        Stream stream(seed, Purpose::test, 500);
        const auto min = 1 + static_cast<Resource>(stream.below(4));
        const auto max = min + static_cast<Resource>(stream.below(120));
        const auto eta = 2 + static_cast<std::int64_t>(stream.below(6));
        SCOPED_TRACE(std::to_string(min) + " to " + std::to_string(max) + ", eta " + std::to_string(eta));

        const HyperbandSettings hyperband{.min = min, .max = max, .eta = eta, .repeat = stream.below(2) == 0};
        const auto members = 1 + stream.below(200);
        const auto hyperbands = rungs_of(make_hyperband(hyperband), members, seed);
        expect_equal(hyperbands, expected_rungs(hyperband, members));
        expect_winners(hyperbands, max);

        const ShaSettings sha{.members = 1 + stream.below(60),
                              .min = min,
                              .max = max,
                              .eta = eta,
                              .repeat_brackets = stream.below(2) == 0};
        const auto shas = rungs_of(make_sha(sha), members, seed);
        expect_equal(shas, expected_rungs(sha, members));
        expect_winners(shas, max);
    }
}

}  // namespace
}  // namespace stemma::testing
