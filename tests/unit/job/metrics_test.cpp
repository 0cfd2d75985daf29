// [[metric]], several times.
#include "unit/job/job_texts.hpp"

namespace stemma::job_test {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

std::string metric(const std::string& name, const std::string& direction, const std::string& more = "") {
    return "[[metric]]\nname = \"" + name + "\"\ndirection = \"" + direction + "\"\n" + more;
}

std::string job_with(const std::string& metrics, const std::string& scheduler = "type = \"asha\"\nmax = 9\n",
                     const std::string& sampler = "type = \"random\"\n", const std::string& budget = "members = 9\n") {
    return "[run.budget]\n" + budget + metrics + "[sampler]\n" + sampler + "[scheduler]\n" + scheduler +
           "[trainer]\ntype = \"process\"\ncommand = [\"train\"]\n[space.lr]\ntype = \"real\"\nlow = 0.1\nhigh = 1\n";
}

const std::string two = metric("valid_loss", "minimize") + metric("throughput", "maximize");

TEST(SeveralMetrics, StandInTheOrderOfTheJob) {
    const auto job = parse(job_with(two));
    EXPECT_EQ(job.metric.name, "valid_loss");
    EXPECT_FALSE(job.metric.maximize);
    ASSERT_EQ(job.more_metrics.size(), 1U);
    EXPECT_EQ(job.more_metrics[0].name, "throughput");
    EXPECT_TRUE(job.more_metrics[0].maximize);
}

TEST(SeveralMetrics, OneTableInAListIsOneMetric) {
    const auto job = parse(job_with(metric("valid_loss", "minimize", "baseline = 0.5\n")));
    EXPECT_EQ(job.metric.name, "valid_loss");
    EXPECT_EQ(job.metric.baseline, 0.5);
    EXPECT_TRUE(job.more_metrics.empty());
}

TEST(SeveralMetrics, TheJobAsItWasUnderstoodHasThemToo) {
    for (const auto& text : {job_with(two), job_with(metric("valid_loss", "minimize"))}) {
        const auto job = parse(text);
        const auto again = parse_job(job.resolved, "again.toml", {}, JobSource::recorded);
        EXPECT_EQ(again.metric.name, job.metric.name);
        ASSERT_EQ(again.more_metrics.size(), job.more_metrics.size());
        for (std::size_t i = 0; i < job.more_metrics.size(); ++i) {
            EXPECT_EQ(again.more_metrics[i].name, job.more_metrics[i].name);
            EXPECT_EQ(again.more_metrics[i].maximize, job.more_metrics[i].maximize);
        }
        EXPECT_EQ(again.resolved, job.resolved);
    }
}

TEST(SeveralMetrics, AProgramReportsAllOfThem) {
    EXPECT_EQ(parse(job_with(two)).trainer.value("metrics")->list.size(), 2U);
}

TEST(SeveralMetrics, FourAreRefused) {
    EXPECT_THAT(errors_of(job_with(two + metric("a", "minimize") + metric("b", "minimize"))),
                ElementsAre(HasSubstr("metric stands 4 times, and at most 3 can be optimized")));
    EXPECT_EQ(parse(job_with(two + metric("a", "minimize"))).more_metrics.size(), 2U);
}

TEST(SeveralMetrics, MistakesNameTheTable) {
    EXPECT_THAT(errors_of(job_with(two + metric("valid_loss", "maximize"))),
                ElementsAre(HasSubstr("metric 3.name is \"valid_loss\" again")));
    EXPECT_THAT(
        errors_of(job_with(metric("valid_loss", "minimize") + "[[metric]]\nname = \"b\"\ndirektion = \"minimize\"\n")),
        ElementsAre(HasSubstr("metric 2.direction is missing"), HasSubstr("did you mean \"direction\"?")));
    EXPECT_THAT(errors_of(job_with(two + metric("a", "smaller"))), ElementsAre(HasSubstr("metric 3.direction")));
    EXPECT_THAT(errors_of("metric = [3, 4]\n" + job_with("")),
                ::testing::Contains(HasSubstr("must be a table [metric]")));
    EXPECT_THAT(errors_of(job_with(two + metric("a", "minimize", "baseline = 1\n"))),
                ElementsAre(HasSubstr("metric 3.baseline has no meaning with several metrics")));
}

TEST(SeveralMetrics, WhatRestsOnOneNumberIsRefused) {
    for (const auto* scheduler : {"asha_stopping", "pasha"}) {
        EXPECT_THAT(errors_of(job_with(two, "type = \"" + std::string(scheduler) + "\"\nmax = 9\n")),
                    ElementsAre(HasSubstr("compares members by one metric")))
            << scheduler;
    }
    for (const auto* scheduler : {"pbt", "gpbt"}) {
        EXPECT_THAT(errors_of(job_with(two, "type = \"" + std::string(scheduler) + "\"\nmax = 9\n")),
                    ::testing::Contains(HasSubstr("compares members by one metric")))
            << scheduler;
    }
    for (const auto* sampler : {"tpe", "gp"}) {
        EXPECT_THAT(errors_of(job_with(two, "type = \"asha\"\nmax = 9\n", "type = \"" + std::string(sampler) + "\"\n")),
                    ElementsAre(HasSubstr("learns from one metric")))
            << sampler;
    }
    EXPECT_THAT(errors_of(job_with(two, "type = \"asha\"\nmax = 9\n", "type = \"random\"\n", "target = 0.1\n")),
                ElementsAre(HasSubstr("run.budget.target is a value of one metric")));
}

TEST(SeveralMetrics, SchedulersThatTakeThem) {
    for (const auto* scheduler : {"type = \"asha\"\nmax = 9\n", "type = \"asha_hyperband\"\nmax = 9\n",
                                  "type = \"sha\"\nmax = 9\nmembers = 9\n", "type = \"hyperband\"\nmax = 9\n",
                                  "type = \"random\"\nmax = 9\n"}) {
        EXPECT_EQ(parse(job_with(two, scheduler)).more_metrics.size(), 1U) << scheduler;
    }
}

}  // namespace
}  // namespace stemma::job_test
