#include "app/job/difference.hpp"

#include "unit/job/job_texts.hpp"

namespace stemma::job_test {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

/// "key: first | second" of each difference.
std::vector<std::string> between(const Job& first, const Job& second) {
    std::vector<std::string> lines;
    for (const auto& one : differences(first, second)) lines.push_back(one.key + ": " + one.first + " | " + one.second);
    return lines;
}

// Equal to toy_job in meaning: comments, blank lines, another order and notation, defaults written out.
const std::string toy_job_otherwise = R"(# tried on Monday

[trainer]
type = 'toy'   # quick
unit = "epoch"
[space]
lr = { high = 1, low = 0.002, type = "real", scale = "linear" }

[workers]
lost_after = "1m"
snapshot_memory = "2GiB"
heartbeat = 5
[scheduler]
type = "asha"
max = 27
eta = 3
[metric]
direction = "minimize"
name = "valid_loss"
[run]
seed = 7
budget.members = 4_0
)";

TEST(JobDifference, TextsThatMeanTheSame) {
    EXPECT_THAT(between(parse(toy_job), parse(toy_job_otherwise)), IsEmpty());
    EXPECT_THAT(between(parse(toy_job), parse(toy_job, {"scheduler.eta=3", "run.seed=7"})), IsEmpty());
    EXPECT_THAT(between(parse(toy_job, {"scheduler.eta=4"}), parse(toy_job + "[workers]\n", {"scheduler.eta=4"})),
                IsEmpty());
}

TEST(JobDifference, OrderOfParametersAndOfKeysInLists) {
    const std::string a = "[space.a]\ntype = \"categorical\"\nchoices = [1, 2]\n";
    const std::string b = "[space.b]\ntype = \"boolean\"\n";
    EXPECT_THAT(between(parse(toy_job + a + b + "[[forbidden]]\na = 1\nb = true\n"),
                        parse(toy_job + b + a + "[[forbidden]]\nb = true\na = 1\n")),
                IsEmpty());
}

TEST(JobDifference, NamesKeysAndBothValues) {
    const auto other = parse(toy_job, {"scheduler.eta=4", "run.budget.reports=9", "space.lr.high=2",
                                       "space.c.type=boolean", "workers.lost_after=90s", "trainer.surface=narrow"});

    EXPECT_THAT(between(parse(toy_job), other),
                ElementsAre("run.budget.reports:  | 9", "scheduler.eta: 3 | 4", "space.c.role:  | \"mutable\"",
                            "space.c.type:  | \"boolean\"", HasSubstr("space.lr.high: 1"),
                            "trainer.surface: \"quadratic\" | \"narrow\"", "workers.lost_after: 60.0 | 90.0"));
}

TEST(JobDifference, SeedsListsAndRemovedParameters) {
    const std::string grid = "[space.b]\ntype = \"categorical\"\nchoices = [16, 32]\n";
    EXPECT_THAT(between(parse(toy_job + grid), parse(toy_job + grid, {"space.b.choices=[16, 64]", "run.seed=8"})),
                ElementsAre("run.seed: 7 | 8", "space.b.choices: [16, 32] | [16, 64]"));
    EXPECT_THAT(between(parse(toy_job + grid), parse(toy_job)),
                ElementsAre("space.b.choices: [16, 32] | ", "space.b.role: \"mutable\" | ",
                            "space.b.type: \"categorical\" | "));
}

TEST(JobDifference, ADefaultOfAnotherTypeIsNoDifferenceOfItsOwn) {
    const auto lines = between(parse(toy_job), parse(toy_job, {"scheduler.type=random"}));
    EXPECT_THAT(lines, testing::Contains("scheduler.type: \"asha\" | \"random\""));
}

TEST(JobDifference, PresetsAreTheirValues) {
    const std::string pbt = "[space.momentum]\ntype = \"real\"\nlow = 0\nhigh = 1\n";
    const auto preset = parse(toy_job + pbt, {"scheduler.type=pbt", "scheduler.preset=ray_tune"});
    const auto spelled = parse(toy_job + pbt, {"scheduler.type=pbt", "scheduler.bottom=0.25", "scheduler.top=0.25",
                                               "sampler.resample_probability=0.25"});
    EXPECT_THAT(between(preset, spelled), IsEmpty());
}

TEST(JobDifference, NameAndPathOfTheRunFile) {
    EXPECT_THAT(between(parse(toy_job), parse(toy_job, {"run.name=x", "run.output=y.h5"})), IsEmpty());
    EXPECT_THAT(between(parse(toy_job, {"run.name=z"}), parse(toy_job, {"run.name=x"})),
                ElementsAre("run.name: \"z\" | \"x\""));
}

TEST(JobDifference, IsToldInOneLine) {
    EXPECT_EQ(
        text_of({{"scheduler.eta", "3", "4"}, {"run.budget.reports", "", "9"}}, "the run file", "a.toml"),
        "scheduler.eta is 3 in the run file and 4 in a.toml; run.budget.reports is not given in the run file and 9 "
        "in a.toml");
    EXPECT_THAT(text_of(std::vector<JobDifference>(20, {"a.b", "1", "2"}), "x", "y"), HasSubstr("; and 12 more"));
}

}  // namespace
}  // namespace stemma::job_test
