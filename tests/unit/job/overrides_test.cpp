#include "unit/job/job_texts.hpp"

namespace stemma::job_test {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

TEST(Overrides, ReplaceAndAdd) {
    const auto job =
        parse(toy_job, {"run.seed=9", "space.lr.scale=log", "workers.threads = 2", "run.budget.wall_time=90s"});

    EXPECT_EQ(job.run.seed, 9U);
    EXPECT_EQ(std::get<Real>((*job.space)[0].domain).scale, Scale::log);
    EXPECT_EQ(job.workers.threads, 2U);
    EXPECT_DOUBLE_EQ(job.run.budget.seconds, 90);
}

TEST(Overrides, TheLastOneCounts) { EXPECT_EQ(parse(toy_job, {"run.seed=9", "run.seed=10"}).run.seed, 10U); }

TEST(Overrides, ValuesAreTomlElseText) {
    EXPECT_EQ(parse(toy_job, {"metric.name=loss"}).metric.name, "loss");
    EXPECT_EQ(parse(toy_job, {"metric.name=\"loss\""}).metric.name, "loss");
    EXPECT_EQ(parse(toy_job, {"metric.name=a b = c"}).metric.name, "a b = c");
    EXPECT_EQ(parse(toy_job, {"metric.name=a # b"}).metric.name, "a # b");
    EXPECT_EQ(parse(toy_job, {"space.c={type=\"categorical\",choices=[1,2]}"}).space->size(), 2U);
}

TEST(Overrides, ParametersAddedComeAfterThoseOfTheFile) {
    const auto job = parse(toy_job, {"space.a.type=boolean"});

    EXPECT_EQ((*job.space)[0].name, "lr");
    EXPECT_EQ((*job.space)[1].name, "a");
}

TEST(Overrides, QuotedNames) {
    const auto job =
        parse(toy_job + "[space.\"my lr\"]\ntype = \"real\"\nlow = 0\nhigh = 1\n", {"space.\"my lr\".high=2"});

    EXPECT_DOUBLE_EQ(std::get<Real>((*job.space)[1].domain).high, 2);
}

TEST(Overrides, ErrorsNameTheOverride) {
    EXPECT_THAT(errors_of(toy_job, {"scheduler.eta=1"}),
                ElementsAre("--set scheduler.eta=1: scheduler.eta must be an integer in 2 .. 1000; got 1"));
    EXPECT_THAT(errors_of(toy_job, {"sheduler.eta=4"}),
                ElementsAre(AllOf(HasSubstr("--set sheduler.eta=4: "), HasSubstr("did you mean \"scheduler\"?"))));
    EXPECT_THAT(errors_of(toy_job, {"run.sed=4"}),
                ElementsAre(AllOf(HasSubstr("--set run.sed=4: run.sed"), HasSubstr("did you mean \"seed\"?"))));
}

TEST(Overrides, FormsThatAreNone) {
    for (const auto* text : {"", "=", "scheduler.eta", "=4", "a..b=4", ".a=4", "a b=4", "a\n=4", "\"a=4"}) {
        EXPECT_THAT(errors_of(toy_job, {text}), ElementsAre(HasSubstr("not of the form path=value"))) << text;
    }
    EXPECT_THAT(errors_of(toy_job, {"run.seed.x=4"}),
                ElementsAre(HasSubstr("run.seed is 7, which has no keys inside")));
}

TEST(Overrides, CanMendAFile) { EXPECT_NO_THROW(parse(with(toy_job, "seed = 7", "seed = -7"), {"run.seed=7"})); }

}  // namespace
}  // namespace stemma::job_test
