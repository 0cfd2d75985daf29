// GPBT where members are no better than a constant prediction.
#include <gmock/gmock.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "scheduler/gpbt.hpp"
#include "unit/scheduler/population.hpp"

namespace stemma::test {
namespace {

using Ids = std::vector<std::uint64_t>;

/// n = 4 and one parent; 5 generations.
GpbtSettings three_epochs_each() {
    GpbtSettings settings;
    settings.children = 4;
    settings.ratio = 4;
    settings.interval = 3;
    settings.max = 15;
    settings.founders = 1;
    settings.parents_compete = true;
    settings.patience = 0;
    return settings;
}

/// All of the present work reports; those whose objective is at least 1 have not learned.
Ids report_all(Population& population, const std::vector<double>& objectives) {
    const auto all = population.all_work();
    EXPECT_EQ(all.size(), objectives.size());
    for (std::size_t i = 0; i < std::min(all.size(), objectives.size()); ++i)
        population.say(event::Report{{all[i].member}, all[i].to, objectives[i], 0, {}, objectives[i] < 1});
    return parents_of(all);
}

TEST(GpbtLearned, MembersFromScratchGoOnUntilTwoHaveLearned) {
    Population population(make_gpbt(three_epochs_each()));
    report_all(population, {1, 1.5, 1, 1.2});
    report_all(population, {1, 0.9, 1, 1});
    report_all(population, {0.8, 2});  // 4 children * 5 generations / 3: at most 6 more
    EXPECT_EQ(parents_of(population.all_work()), (Ids{8, 8, 8, 8}));
}

TEST(GpbtLearned, AThirdOfTheTrainingAtMostGoesIntoMoreFounders) {
    Population population(make_gpbt(three_epochs_each()));
    report_all(population, {3, 3, 3, 3});
    report_all(population, {3, 3, 3, 3});
    report_all(population, {3, 2});
    EXPECT_EQ(parents_of(population.all_work()), (Ids{9, 9, 9, 9})) << "none has learned: the best of these";
}

TEST(GpbtLearned, WithoutABaselineNoFounderIsAdded) {
    auto settings = three_epochs_each();
    settings.children = 1;
    settings.ratio = 1;
    Population one(make_gpbt(settings));
    one.begin({5});
    EXPECT_EQ(parents_of(one.all_work()), (Ids{0}));
    Population diverging(make_gpbt(three_epochs_each()));
    const double inf = std::numeric_limits<double>::infinity();
    diverging.begin({inf, inf, 5, inf});
    EXPECT_EQ(parents_of(diverging.all_work()), (Ids{2, 2, 2, 2}));
}

TEST(GpbtLearned, AChildThatHasNotLearnedIsNoParentWhereItsParentHas) {
    auto settings = three_epochs_each();
    settings.parents_compete = false;
    Population population(make_gpbt(settings));
    report_all(population, {0.5, 0.6, 1, 1});
    report_all(population, {1, 2, 1, 1});
    EXPECT_EQ(report_all(population, {1, 2, 1, 1}), (Ids{0, 0, 0, 0})) << "the generation is repeated";
    EXPECT_EQ(report_all(population, {0.1, 1, 1, 0.2}), (Ids{nobody, nobody, nobody, nobody})) << "from scratch";
    EXPECT_EQ(parents_of(population.all_work()), (Ids{12, 12, 12, 12}));
    settings.learned_parents = false;
    Population as_published(make_gpbt(settings));
    report_all(as_published, {0.5, 0.6, 1, 1});
    report_all(as_published, {1, 2, 1, 1});
    EXPECT_EQ(parents_of(as_published.all_work()), (Ids{4, 4, 4, 4}));
}

TEST(GpbtLearned, ADeadlineBeginsAnewWithFoundersThatJoin) {
    auto settings = three_epochs_each();
    settings.deadline = 5;
    Population population(make_gpbt(settings));
    EXPECT_FALSE(population.all_work().empty());
    EXPECT_DOUBLE_EQ(population.scheduler().next_deadline(), 5);
    for (std::uint64_t member = 0; member < 4; ++member) {
        population.now = static_cast<double>(member) + 0.5;
        population.say(event::Report{{member}, 3, 1, population.now, {}, false});
    }
    EXPECT_TRUE(std::isinf(population.scheduler().next_deadline())) << "no time passes before they are launched";
    population.now = 7;
    EXPECT_EQ(population.all_work().size(), 4U);
    EXPECT_DOUBLE_EQ(population.scheduler().next_deadline(), 12);
}

TEST(GpbtLearned, ParentsThatHadLearnedByLuckDoNotCompeteAfterANewStart) {
    Population population(make_gpbt(three_epochs_each()));
    report_all(population, {0.5, 0.6, 1, 1});
    report_all(population, {1, 2, 1, 1});
    EXPECT_EQ(report_all(population, {1, 2, 1, 1}), (Ids{0, 0, 0, 0}));
    EXPECT_THAT(population.released, testing::Contains(0U));
    report_all(population, {0.8, 0.9, 1, 1});  // from scratch
    EXPECT_EQ(parents_of(population.all_work()), (Ids{12, 12, 12, 12})) << "member 0 was better, but is gone";
    EXPECT_EQ(population.selected[1], (Ids{0, 12}));
}

TEST(GpbtLearned, FoundersOfAllStartsCountForTheirThird) {
    Population population(make_gpbt(three_epochs_each()));
    std::size_t founders = 0;
    for (int start = 0; start < 20; ++start) {
        // Two learn by luck, and none of their children does.
        while (true) {
            const auto all = population.all_work();
            if (all.empty()) break;
            const bool scratch = all.front().parent == nobody;
            founders += scratch ? all.size() : 0;
            for (std::size_t i = 0; i < all.size(); ++i) {
                const double objective = scratch && i < 2 ? 0.5 : 2;
                population.say(event::Report{{all[i].member}, all[i].to, objective, 0, {}, objective < 1});
            }
        }
    }
    EXPECT_EQ(founders, 10U) << "4, and a third of 20 children";
    EXPECT_TRUE(population.scheduler().exhausted());
}

TEST(GpbtLearned, AFounderThatHasNotLearnedIsNoParentBesideOneThatHas) {
    auto settings = three_epochs_each();
    settings.ratio = 1;  // two parents
    Population population(make_gpbt(settings));
    report_all(population, {2, 0.5, 1, 3});
    report_all(population, {1, 1, 1, 2});
    report_all(population, {2, 1});
    EXPECT_EQ(parents_of(population.all_work()), (Ids{1, 1, 1, 1}));
    EXPECT_EQ(population.selected[1], (Ids{1}));
}

}  // namespace
}  // namespace stemma::test
