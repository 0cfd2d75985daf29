#include "scheduler/pbt.hpp"

#include <cmath>
#include <set>

#include "contract/scheduler/driver.hpp"
#include "core/error.hpp"
#include "support/errors.hpp"
#include "unit/scheduler/population.hpp"

namespace stemma::test {
namespace {

PbtSettings of_five() {
    PbtSettings settings;
    settings.population = 5;
    settings.interval = 2;
    settings.max = 7;
    return settings;
}

TEST(Pbt, TrainsEverybodyAnIntervalFromScratchFirst) {
    Population population(make_pbt(of_five()));
    const auto all = population.all_work();
    ASSERT_EQ(all.size(), 5U);
    for (const auto& given : all) {
        EXPECT_TRUE(given.born);
        EXPECT_EQ(given.parent, nobody);
        EXPECT_EQ(given.to, 2);
        EXPECT_EQ(given.generation, 0U);
    }
}

TEST(Pbt, TheBottomFifthGivesUpForTheTopFifth) {
    // Ranks are taken at each report: of two the worse gives up, so the second has to be better than the first.
    Population population(make_pbt(of_five()));
    const auto all = population.all_work();
    population.report(all[0], 0.3);
    population.report(all[1], 0.2);  // better than the only other member
    population.report(all[2], 0.1);
    population.report(all[3], 0.25);
    const auto actions = population.report(all[4], 0.9);  // worst of five: ceil(0.2 * 5) = 1 gives up
    EXPECT_TRUE(gives_up(actions, 4));
    const auto next = population.all_work();
    ASSERT_EQ(next.size(), 5U);
    for (std::uint64_t i = 0; i < 4; ++i) {
        EXPECT_EQ(next[i].member, i) << "in the order of their reports";
        EXPECT_FALSE(next[i].born);
        EXPECT_EQ(next[i].to, 4);
    }
    EXPECT_EQ(next[4].member, 5U);
    EXPECT_EQ(population.released, std::vector<std::uint64_t>{4});
    EXPECT_EQ(next[4].parent, 2U) << "ceil(0.2 * 4) = 1: the best";
    EXPECT_EQ(next[4].replaces, 4U) << "it says whose place it takes";
    EXPECT_EQ(population.born.front().replaces, nobody) << "a founder's place was empty";
    EXPECT_EQ(next[4].to, 4);
    EXPECT_EQ(next[4].generation, 1U);
}

TEST(Pbt, AsksForTheSnapshotsOfThoseWhoGoOn) {
    Population population(make_pbt(of_five()));
    const auto all = population.all_work();
    const auto keep = Script::keep_of(population.report(all[0], 0.3), 0);
    ASSERT_TRUE(keep);
    EXPECT_TRUE(keep->promotable);
}

TEST(Pbt, NobodyWaitsForAnybody) {
    Population population(make_pbt(of_five()));
    const auto all = population.all_work();
    Given one = all[0];
    while (one.to < 7) {
        population.report(one, 0.5);
        const auto next = population.work();
        ASSERT_TRUE(next) << "the others have not even reported";
        EXPECT_EQ(next->member, 0U);
        one = *next;
    }
    EXPECT_EQ(one.to, 7) << "the last interval is cut at max";
    population.report(one, 0.5);
    EXPECT_FALSE(population.work());
    EXPECT_FALSE(population.scheduler().exhausted());
}

TEST(Pbt, ANonFiniteMemberGivesUpAtOnceAndIsNoDonor) {
    auto settings = of_five();
    settings.population = 3;
    Population population(make_pbt(settings));
    const auto all = population.all_work();
    EXPECT_TRUE(Script::released(population.report(all[0], infinite), 0));
    const auto first = population.work();
    ASSERT_TRUE(first);
    EXPECT_TRUE(first->born);
    EXPECT_EQ(first->parent, nobody) << "there is no donor yet: from scratch";
    EXPECT_EQ(first->replaces, 0U);
    population.report(all[1], 0.4);
    population.report(all[2], infinite);
    const auto next = population.all_work();
    ASSERT_EQ(next.size(), 2U);
    EXPECT_EQ(next[1].parent, 1U);
}

TEST(Pbt, AMemberThatIsGivenUpLeavesItsSlotToAChild) {
    Population population(make_pbt(of_five()));
    const auto all = population.begin({0.1, 0.2, 0.3, 0.35, 0.32});
    population.say(event::GivenUp{{2}});  // waiting
    const auto next = population.all_work();
    ASSERT_EQ(next.size(), 5U);
    EXPECT_EQ(next[2].parent, 0U);
}

TEST(Pbt, ALostSnapshotMeansAnotherDonor) {
    auto settings = of_five();
    Population population(make_pbt(settings));
    const auto all = population.all_work();
    for (std::size_t i = 0; i < 4; ++i) population.report(all[i], 0.1 * static_cast<double>(i + 1));
    population.say(event::GivenUp{{4}});
    std::vector<std::uint64_t> donors;
    while (true) {
        const auto actions = population.say(event::WorkWanted{});
        if (actions.empty()) break;  // members that go on will have snapshots
        const auto* create = std::get_if<action::Create>(&actions.back());
        if (create == nullptr) continue;  // others go on
        ASSERT_TRUE(create->parent.exists());
        donors.push_back(create->parent.value);
        population.say(event::ParentLost{create->parent});
    }
    EXPECT_EQ(std::set(donors.begin(), donors.end()).size(), donors.size()) << "no donor is asked twice";
    EXPECT_EQ(donors.front(), 0U);
}

TEST(Pbt, AfterTheLastBirthEverybodyTrainsOn) {
    Population population(make_pbt(of_five()));
    const auto all = population.all_work();
    population.report(all[0], 0.1);
    EXPECT_TRUE(gives_up(population.report(all[1], 0.9), 1));
    ASSERT_FALSE(population.work()->born);
    ASSERT_TRUE(std::holds_alternative<action::Create>(population.say(event::WorkWanted{}).front()));
    population.say(event::NoMoreMembers{});
    EXPECT_EQ(population.work()->member, 1U) << "it goes on itself";
    EXPECT_FALSE(gives_up(population.report(all[2], 0.95), 2)) << "no child could take its place";
    EXPECT_FALSE(population.work()->born);
}

TEST(Pbt, ExtendedToALargerMaxTheFinishedGoOn) {
    auto settings = of_five();
    settings.population = 1;
    Population population(make_pbt(settings));
    while (const auto given = population.work()) population.report(*given, 1);
    EXPECT_TRUE(population.scheduler().exhausted());
    population.say(event::Extended{9});
    const auto given = population.work();
    ASSERT_TRUE(given);
    EXPECT_EQ(given->member, 0U);
    EXPECT_EQ(given->to, 9);
}

TEST(Pbt, NobodyGivesUpBeforeBurnIn) {
    auto settings = of_five();
    settings.burn_in = 4;
    Population population(make_pbt(settings));
    population.begin({0.1, 0.9, 0.8, 0.7, 1.0});
    const auto next = population.all_work();
    EXPECT_EQ(parents_of(next), std::vector<std::uint64_t>(5, nobody));
    EXPECT_TRUE(gives_up(population.report(next[4], 1.0), 4));
}

TEST(Pbt, ATournamentIsLostToABetterOneOnly) {
    auto settings = of_five();
    settings.population = 2;
    settings.selection = PbtSelection::binary_tournament;
    Population population(make_pbt(settings));
    const auto all = population.all_work();
    population.report(all[0], 0.5);
    EXPECT_FALSE(gives_up(population.report(all[1], 0.4), 1));
    const auto next = population.all_work();
    EXPECT_TRUE(gives_up(population.report(next[0], 0.45), 0));
    EXPECT_EQ(population.work()->parent, 1U);
}

TEST(Pbt, TheTTestNeedsASignificantDifference) {
    auto settings = of_five();
    settings.population = 2;
    settings.max = 100;
    settings.selection = PbtSelection::t_test;
    settings.t_test_reports = 4;
    Population population(make_pbt(settings));
    auto all = population.all_work();
    const double good[] = {0.10, 0.11, 0.09, 0.10};
    const double bad[] = {0.12, 0.50, 0.51, 0.52};
    for (int round = 0; round < 3; ++round) {
        population.report(all[0], good[round]);
        const auto actions = population.report(all[1], bad[round]);
        // One report has no variance, two of 0.12 and 0.50 too much of it, three still (p = 0.082).
        EXPECT_FALSE(gives_up(actions, 1)) << round;
        all = population.all_work();
    }
    population.report(all[0], good[3]);
    EXPECT_TRUE(gives_up(population.report(all[1], bad[3]), 1));
}

TEST(Pbt, OnlyWeightsMigrateFromFasterToSlower) {
    PbtSettings settings;
    settings.population = 4;
    settings.interval = 1;
    settings.max = 1000;
    settings.periods = {1, 10};
    settings.migration = 1;
    Population population(make_pbt(settings));
    const auto all = population.all_work();
    EXPECT_EQ(all[0].to, 1);
    EXPECT_EQ(all[3].to, 10);
    population.report(all[0], 0.1);
    population.report(all[2], 0.5);
    EXPECT_TRUE(gives_up(population.report(all[3], 0.6), 3));
    std::optional<Given> child;
    for (const auto& given : population.all_work()) {
        if (given.born) child = given;
    }
    ASSERT_TRUE(child);
    EXPECT_EQ(child->parent, 0U) << "weights of the fast one";
    EXPECT_EQ(child->same_as, 3U) << "hyperparameters of its own";
    EXPECT_EQ(child->to, 11);
}

TEST(Pbt, HyperparametersMigrateFromSlowerToFaster) {
    PbtSettings settings;
    settings.population = 4;
    settings.max = 1000;
    settings.periods = {1, 10};
    settings.migration = 1;
    Population population(make_pbt(settings));
    const auto all = population.all_work();
    population.report(all[2], 0.1);
    population.report(all[0], 0.5);
    population.report(all[1], 0.6);
    std::optional<Given> child;
    for (const auto& given : population.all_work()) {
        if (given.born) child = given;
    }
    ASSERT_TRUE(child);
    EXPECT_EQ(child->parent, 2U);
    EXPECT_EQ(child->same_as, nobody);
    EXPECT_EQ(child->to, 11);
}

/// Two sub-populations of four, as in MF-PBT: 0 to 3 are fast, 4 to 7 are slow.
PbtSettings quarters() {
    PbtSettings settings;
    settings.population = 8;
    settings.max = 1000;
    settings.periods = {1, 10};
    settings.bottom = settings.top = 0.25;
    settings.migrants = PbtMigrants::lower_half;
    return settings;
}

/// The child that replaces this member.
Given child_for(Population& population, std::uint64_t member) {
    const auto given = population.all_work();
    const auto found = std::ranges::find(given, member, &Given::replaces);
    EXPECT_NE(found, given.end());
    return found == given.end() ? Given() : *found;
}

TEST(PbtMigrants, TheThirdQuarterTakesAllFromASlowerOneUnchanged) {
    Population population(make_pbt(quarters()));
    const auto all = population.all_work();
    population.report(all[4], 0.05);
    population.report(all[5], 0.9);
    for (const auto& [slot, loss] : {std::pair{0, 0.1}, {1, 0.2}, {3, 0.8}}) population.report(all[slot], loss);
    EXPECT_TRUE(gives_up(population.report(all[2], 0.6), 2));
    const auto child = child_for(population, 2);
    EXPECT_EQ(child.parent, 4U);
    EXPECT_EQ(child.same_as, 4U);
    EXPECT_EQ(child.to, 11);
}

TEST(PbtMigrants, FromAFasterOneComeWeightsAlone) {
    Population population(make_pbt(quarters()));
    const auto all = population.all_work();
    population.report(all[0], 0.05);
    for (const auto& [slot, loss] : {std::pair{4, 0.1}, {5, 0.2}, {7, 0.8}}) population.report(all[slot], loss);
    EXPECT_TRUE(gives_up(population.report(all[6], 0.6), 6));
    const auto child = child_for(population, 6);
    EXPECT_EQ(child.parent, 0U) << "weights of the fast one";
    EXPECT_EQ(child.same_as, 4U) << "hyperparameters of the best of its own";
    EXPECT_EQ(child.to, 11);
}

TEST(PbtMigrants, LosersStayAmongThemselvesAndTheUpperHalfGoesOn) {
    Population population(make_pbt(quarters()));
    const auto all = population.all_work();
    population.report(all[4], 0.05);
    for (const auto& [slot, loss] : {std::pair{1, 0.2}, {2, 0.5}}) population.report(all[slot], loss);
    EXPECT_FALSE(gives_up(population.report(all[0], 0.1), 0));
    EXPECT_TRUE(gives_up(population.report(all[3], 0.8), 3));
    const auto child = child_for(population, 3);
    EXPECT_EQ(child.parent, 0U) << "the best quarter of its own";
    EXPECT_EQ(child.same_as, nobody) << "it explores";
}

TEST(PbtMigrants, AMemberThatDiedBeforeItsMigrantWasBornIsReplacedByItsOwn) {
    Population population(make_pbt(quarters()));
    const auto all = population.all_work();
    population.report(all[4], 0.05);
    for (const auto& [slot, loss] : {std::pair{0, 0.1}, {1, 0.2}, {3, 0.8}}) population.report(all[slot], loss);
    EXPECT_TRUE(gives_up(population.report(all[2], 0.6), 2));
    population.say(event::GivenUp{{2}});
    EXPECT_EQ(child_for(population, 2).parent, 0U) << "not the better one of another sub-population";
}

TEST(PbtMigrants, EachIsTakenOnceUntilItsNextReport) {
    auto settings = quarters();
    settings.population = 16;
    Population population(make_pbt(settings));
    const auto all = population.all_work();
    population.report(all[8], 0.05);
    for (const auto& [slot, loss] : {std::pair{0, 0.1}, {1, 0.11}, {2, 0.12}, {3, 0.13}, {6, 0.8}, {7, 0.9}})
        population.report(all[slot], loss);
    EXPECT_TRUE(gives_up(population.report(all[4], 0.5), 4));
    population.all_work();
    EXPECT_FALSE(gives_up(population.report(all[5], 0.55), 5));
}

/// An independent, naive check: every donor lives, is finite, and is among the best of the living by the top fraction
/// of all slots. Slots whose member gave up are ranked too, until its child reports.
class DonorWatch : public Listener {
public:
    DonorWatch(const PbtSettings& settings)
        : donors_max_(std::max<std::size_t>(
              1, std::min<std::size_t>(static_cast<std::size_t>(std::ceil(settings.top * settings.population - 1e-9)),
                                       settings.population / 2))),
          max_(settings.max) {}
    void happened(const Event& event, const Actions& actions) override {
        if (const auto* report = std::get_if<event::Report>(&event)) {
            yielding_.erase(report->member.value);
            ranking_.erase(report->member.value);
            if (std::isfinite(report->objective) && report->resource < max_)
                ranking_[report->member.value] = report->objective;
        } else if (const auto* gone = std::get_if<event::GivenUp>(&event)) {
            ranking_.erase(gone->member.value);
        } else if (const auto* lost = std::get_if<event::ParentLost>(&event)) {
            ranking_.erase(lost->parent.value);
        }
        for (const auto& action : actions) {
            if (const auto* release = std::get_if<action::Release>(&action)) {
                ranking_.erase(release->member.value);
                yielding_.erase(release->member.value);
            }
            if (const auto* keep = std::get_if<action::Keep>(&action)) move(*keep);
            const auto* create = std::get_if<action::Create>(&action);
            if (create == nullptr || create->cause != BirthCause::exploit) continue;
            ++exploits;
            ASSERT_TRUE(ranking_.contains(create->parent.value)) << "a donor lives and has a finite report";
            const double own = ranking_[create->parent.value];
            std::size_t better = 0;
            for (const auto& [member, objective] : ranking_) better += objective < own ? 1 : 0;
            EXPECT_LT(better, donors_max_);
        }
    }
    std::uint64_t exploits = 0;

private:
    /// A member that is about to give up is no donor.
    void move(const action::Keep& keep) {
        auto& from = keep.promotable ? yielding_ : ranking_;
        auto& to = keep.promotable ? ranking_ : yielding_;
        if (auto node = from.extract(keep.member.value)) to.insert(std::move(node));
    }

    std::size_t donors_max_;
    Resource max_;
    std::map<std::uint64_t, double> ranking_;
    std::map<std::uint64_t, double> yielding_;
};

TEST(Pbt, DonorsAreInTheTopFractionAtThatMoment) {
    std::uint64_t exploits = 0;
    for (std::uint64_t seed = 0; seed < 100; ++seed) {
        SCOPED_TRACE(seed);
        PbtSettings settings;
        settings.population = static_cast<std::uint32_t>(2 + seed % 20);
        settings.max = 30;
        settings.seed = seed;
        const auto scheduler = make_pbt(settings);
        DonorWatch watch(settings);
        Driver driver(
            *scheduler,
            {.seed = seed, .members = 300, .non_finite = 0.05, .failing = 0.05, .stopped = 0.02, .lost = 0.05}, &watch);
        ASSERT_TRUE(driver.run());
        exploits += watch.exploits;
    }
    EXPECT_GT(exploits, 1000U);
}

TEST(Pbt, OneThatGaveUpKeepsItsRankUntilItsChildReports) {
    PbtSettings settings;
    settings.population = 4;
    settings.bottom = settings.top = 0.25;
    settings.max = 100;
    Population population(make_pbt(settings));
    auto all = population.all_work();
    for (std::size_t i = 0; i < 4; ++i) population.report(all[i], 0.1 * static_cast<double>(4 - i));
    // One step later the last of four gives up. The next to last does not become the last by that.
    all = population.all_work();
    ASSERT_EQ(all.size(), 4U);
    EXPECT_TRUE(gives_up(population.report(all[0], 0.4), all[0].member));
    EXPECT_FALSE(gives_up(population.report(all[1], 0.3), all[1].member));
    EXPECT_FALSE(gives_up(population.report(all[2], 0.2), all[2].member));
    EXPECT_FALSE(gives_up(population.report(all[3], 0.1), all[3].member));
}

TEST(Pbt, DrawsDonorsFromTheWholeTop) {
    PbtSettings settings;
    settings.population = 20;
    settings.max = 2;
    std::set<std::uint64_t> donors;
    for (std::uint64_t seed = 0; seed < 50; ++seed) {
        settings.seed = seed;
        Population population(make_pbt(settings));
        const auto all = population.all_work();
        for (std::size_t i = 0; i < 19; ++i) population.report(all[i], 1 - static_cast<double>(i) / 100);
        population.report(all[19], 5);
        for (const auto& given : population.all_work()) {
            if (given.born) donors.insert(given.parent);
        }
    }
    EXPECT_EQ(donors, (std::set<std::uint64_t>{15, 16, 17, 18})) << "the best ceil(0.2 * 19) of those who still live";
}

TEST(Pbt, PrefersAMemberWhoseWeightsNeedNotMoveUnlessItIsAhead) {
    struct Only : Placement {
        explicit Only(std::uint64_t given) : member(given) {}
        bool stays(MemberId id) const override { return id.value == member; }
        std::uint64_t member;
    };
    auto settings = of_five();
    settings.max = 1000;
    settings.burn_in = 1000;
    Population population(make_pbt(settings));
    population.begin({0.1, 0.2, 0.3, 0.4, 0.5});
    const Only third(2);
    std::vector<std::uint64_t> order;
    for (int i = 0; i < 10; ++i) {
        const auto actions = population.say(event::WorkWanted{0, &third});
        const auto train = std::get<action::Train>(actions.front());
        population.say(event::Report{train.member, train.to, 0.3});
        order.push_back(train.member.value);
    }
    EXPECT_EQ(order, (std::vector<std::uint64_t>{2, 0, 1, 3, 4, 2, 0, 1, 3, 4}));
}

TEST(Pbt, PresetsAreThePublishedOnes) {
    EXPECT_EQ(PbtSettings().bottom, 0.2);
    EXPECT_EQ(pbt_ray().top, 0.25);
}

TEST(Pbt, RefusesSettingsOutOfRange) {
    const auto refused = [](const char* says, auto change) {
        auto settings = of_five();
        change(settings);
        EXPECT_ERROR(make_pbt(settings), UserError, says);
    };
    refused("population must be an integer in 1 .. 1000000; got 0", [](auto& s) { s.population = 0; });
    refused("interval must be an integer in 1", [](auto& s) { s.interval = 0; });
    refused("interval must be <= max = 1; got 2", [](auto& s) { s.max = 1; });
    refused("bottom must be a number > 0 and <= 0.5; got 0.6", [](auto& s) { s.bottom = 0.6; });
    refused("top must be a number > 0 and <= 0.5; got 0", [](auto& s) { s.top = 0; });
    refused("at least one item; got an empty list", [](auto& s) { s.periods = {}; });
    refused("migrants = \"lower_half\" goes with selection = \"truncation\"", [](auto& s) {
        s.migrants = PbtMigrants::lower_half;
        s.selection = PbtSelection::t_test;
    });
    refused("periods must be a list of integers in 1 .. 1000000 with at least one item; got 0",
            [](auto& s) { s.periods = {0}; });
    refused("migration must be a number in 0 .. 1; got 2", [](auto& s) { s.migration = 2; });
    refused("t_test_level must be a number > 0 and < 1; got 0", [](auto& s) { s.t_test_level = 0; });
}

}  // namespace
}  // namespace stemma::test
