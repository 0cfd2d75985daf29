// Keys by their former names, and British spelling.
#include "trainer/torch_library/torch_settings.hpp"
#include "unit/job/job_texts.hpp"

namespace stemma::job_test {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

std::string workers(const std::string& keys) { return toy_job + "[workers]\n" + keys + "\n"; }

TEST(Names, FormerNamesAreUnderstoodWithANote) {
    const auto job = parse(workers("lease_timeout = \"90s\"\nlease_patience = 7\nleases_ahead = 2"));
    EXPECT_EQ(job.workers.training_timeout, 90);
    EXPECT_EQ(job.workers.training_patience, 7);
    EXPECT_EQ(job.workers.trainings_ahead, 2U);
    ASSERT_EQ(job.notes.size(), 3U);
    EXPECT_THAT(job.notes[0], ::testing::MatchesRegex("jobs/x.toml:[0-9]+:1: workers.lease_timeout is called "
                                                      "training_timeout now; both are understood"));
}

TEST(Names, TodaysNamesNeedNoNote) {
    const auto job = parse(workers("training_timeout = 90\ntrainings_ahead = 2"));
    EXPECT_EQ(job.workers.training_timeout, 90);
    EXPECT_EQ(job.workers.trainings_ahead, 2U);
    EXPECT_THAT(job.notes, IsEmpty());
}

TEST(Names, AnOverrideMayUseTheFormerName) {
    const auto job = parse(toy_job, {"workers.leases_ahead=3"});
    EXPECT_EQ(job.workers.trainings_ahead, 3U);
    EXPECT_THAT(job.notes,
                ElementsAre("--set workers.leases_ahead=3: workers.leases_ahead is called trainings_ahead now; "
                            "both are understood"));
}

TEST(Names, BothNamesAreAnError) {
    EXPECT_THAT(errors_of(workers("lease_timeout = 3\ntraining_timeout = 4")),
                ElementsAre(::testing::HasSubstr(
                    "workers.lease_timeout is another name of training_timeout, which is given too; remove one")));
}

TEST(Names, AMistakeInTheValueIsToldByTodaysName) {
    EXPECT_THAT(errors_of(workers("leases_ahead = -1")),
                ElementsAre(::testing::HasSubstr("workers.trainings_ahead must be an integer in 0 .. 64, or "
                                                 "\"auto\"; got -1")));
}

TEST(Names, AFormerValueIsUnderstoodAndNoted) {
    const auto stages = "\n[[schedule]]\nto = 3\nlr = 0.01\n";
    const auto job = parse(with(toy_job, "max = 27", "type = \"replay\"") + stages);
    EXPECT_EQ(job.scheduler.type->name, "schedule");
    EXPECT_THAT(job.notes, ElementsAre(::testing::HasSubstr("scheduler.type = \"replay\" is called \"schedule\" now")));
}

TEST(Names, BritishSpellingIsUnderstoodWithoutANote) {
    const auto job =
        parse(toy_job, {"metric.direction=maximise", "trainer.type=torch", "trainer.inherit_optimiser=false"});
    EXPECT_TRUE(job.metric.maximize);
    EXPECT_FALSE(job.trainer.as<TorchSettings>().inherit_optimizer);
    EXPECT_THAT(job.notes, IsEmpty());
    EXPECT_TRUE(parse(toy_job, {"metric.direction=maximize"}).metric.maximize);
    EXPECT_FALSE(parse(toy_job, {"metric.direction=minimise"}).metric.maximize);
}

TEST(Names, OnlyKnownWordsAreSpelledOtherwise) {
    EXPECT_EQ(american("optimiser"), "optimizer");
    EXPECT_EQ(american("inherit_optimiser"), "inherit_optimizer");
    EXPECT_EQ(american("maximise"), "maximize");
    EXPECT_EQ(american("optimisation"), "optimization");
    EXPECT_EQ(american("optimist"), "optimist");
    EXPECT_EQ(american("premise"), "premise");
}

}  // namespace
}  // namespace stemma::job_test
