#include "sampler/gp/models.hpp"

#include <gtest/gtest.h>

#include <cmath>

#include "unit/sampler_gp/reference.hpp"

namespace stemma::gp::test {
namespace {

struct ModelsTest : testing::Test {
    Shape shape{.continuous = 2};
    GpSettings settings{.refit_always = 8, .refit_every = 3, .cold_evaluations = 12, .warm_evaluations = 6};
    Models models{settings};
    Inputs all = random_inputs(shape, 30, 21);
    Vector values = random_vector(30, 1, 22);

    /// For the first `count` trials.
    std::optional<Hyperparameters> get(Eigen::Index count, MemberId parent = MemberId::none()) {
        std::vector<Seen> seen;
        for (Eigen::Index row = 0; row < count; ++row) seen.push_back({{static_cast<std::uint64_t>(row)}, 1});
        const Inputs inputs{all.x.topRows(count), all.levels.topRows(count), Vector(0)};
        return models.get(parent, shape, inputs, values.head(count), seen);
    }
};

TEST_F(ModelsTest, FewDataAreFittedAtEachObservationAndOnlyThen) {
    ASSERT_TRUE(get(5));
    EXPECT_EQ(models.fits(), 1);
    get(5);
    EXPECT_EQ(models.fits(), 1);
    get(6);
    EXPECT_EQ(models.fits(), 2);
}

TEST_F(ModelsTest, ManyDataAreFittedAfterSeveralObservations) {
    const auto first = get(10);
    EXPECT_EQ(get(12)->logs, first->logs);
    EXPECT_EQ(models.fits(), 1);
    get(13);
    EXPECT_EQ(models.fits(), 2);
}

TEST_F(ModelsTest, EvaluationsAreBounded) {
    get(5);
    EXPECT_LE(models.likelihoods(), 3 * 12);
    auto before = models.likelihoods();
    get(6);
    EXPECT_LE(models.likelihoods() - before, 2 * 6);
    before = models.likelihoods();
    get(20);
    EXPECT_LE(models.likelihoods() - before, 6);
    const Models fresh(settings);
    EXPECT_EQ(fresh.likelihoods(), 0);
}

TEST_F(ModelsTest, LineagesHaveModelsOfTheirOwn) {
    const auto one = get(10, {1});
    const auto other = get(20, {2});
    EXPECT_EQ(models.fits(), 2);
    EXPECT_EQ(get(10, {1})->logs, one->logs);
    EXPECT_EQ(get(20, {2})->logs, other->logs);
    EXPECT_EQ(models.fits(), 2);
}

TEST_F(ModelsTest, AChildsLineageGoesOnWithItsParentsModel) {
    const auto parent = get(10, {1});
    EXPECT_EQ(get(12, {2})->logs, parent->logs);
    EXPECT_EQ(models.fits(), 1);
    get(13, {2});
    EXPECT_EQ(models.fits(), 2);
}

TEST_F(ModelsTest, AFailedFitGivesTheLastModelAndSaysSo) {
    const auto before = get(10);
    values[12] = std::nan("");
    const auto after = get(20);
    ASSERT_TRUE(after);
    EXPECT_TRUE(after->stale);
    EXPECT_FALSE(before->stale);
    EXPECT_EQ(after->logs, before->logs);
}

TEST_F(ModelsTest, WithoutAnyModelAFailedFitGivesNothing) {
    values[3] = std::nan("");
    EXPECT_FALSE(get(10));
}

struct FittedElsewhere : ModelsTest {
    FittedElsewhere() { settings.fit_elsewhere = true; }
};

TEST_F(FittedElsewhere, FewDataAreFittedAtOnce) {
    ASSERT_TRUE(get(8));
    EXPECT_TRUE(models.wanted().empty());
    EXPECT_EQ(models.fits(), 1);
}

TEST_F(FittedElsewhere, TheLastModelCountsUntilTheFitHasCome) {
    const auto first = get(8);
    EXPECT_EQ(get(12)->logs, first->logs);
    EXPECT_FALSE(models.late()) << "it could not have been fitted before";
    ASSERT_EQ(models.wanted().size(), 1U);
    EXPECT_EQ(get(13)->logs, first->logs);
    EXPECT_TRUE(models.late());
    ASSERT_EQ(models.wanted().size(), 1U) << "one for a lineage at a time";

    const auto wanted = models.wanted().front();
    const auto logs = wanted.fit->run();
    models.fitted(wanted.number, logs);
    EXPECT_TRUE(models.wanted().empty());
    const auto second = get(13);
    EXPECT_FALSE(models.late());
    ASSERT_EQ(second->logs.size(), static_cast<Eigen::Index>(logs.size()));
    for (std::size_t i = 0; i < logs.size(); ++i) EXPECT_EQ(second->logs[static_cast<Eigen::Index>(i)], logs[i]);
}

TEST_F(FittedElsewhere, TheFitIsTheOneThatWouldHaveBeenMadeAtOnce) {
    GpSettings inline_settings = settings;
    inline_settings.fit_elsewhere = false;
    Models at_once{inline_settings};
    const auto given = [&](Models& of, Eigen::Index count) {
        std::vector<Seen> seen;
        for (Eigen::Index row = 0; row < count; ++row) seen.push_back({{static_cast<std::uint64_t>(row)}, 1});
        const Inputs inputs{all.x.topRows(count), all.levels.topRows(count), Vector(0)};
        return of.get({}, shape, inputs, values.head(count), seen);
    };
    given(at_once, 8);
    given(models, 8);
    const auto expected = given(at_once, 12);
    given(models, 12);
    ASSERT_EQ(models.wanted().size(), 1U);
    const auto logs = models.wanted().front().fit->run();
    EXPECT_EQ(std::vector<double>(expected->logs.begin(), expected->logs.end()), logs);
}

TEST_F(FittedElsewhere, WithoutAnyModelThereIsNone) {
    EXPECT_FALSE(get(20));
    EXPECT_TRUE(models.late());
    EXPECT_EQ(models.wanted().size(), 1U);
}

TEST_F(FittedElsewhere, AFailedFitIsWantedAnewAndAnUnknownOneIgnored) {
    get(8);
    get(12);
    models.fitted(17, {});
    ASSERT_EQ(models.wanted().size(), 1U);
    const auto number = models.wanted().front().number;
    models.fitted(number, {});
    EXPECT_TRUE(models.wanted().empty());
    ASSERT_TRUE(get(12));
    ASSERT_EQ(models.wanted().size(), 1U);
    EXPECT_GT(models.wanted().front().number, number);
}

}  // namespace
}  // namespace stemma::gp::test
