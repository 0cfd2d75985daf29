// The job with all its defaults filled in: it means the same, and it says everything.
#include "app/job/resolved.hpp"

#include <filesystem>

#include "app/job/tables.hpp"
#include "unit/job/job_description.hpp"
#include "unit/job/job_texts.hpp"

namespace stemma::job_test {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

/// Reads the resolved text, as a run file's, and expects the same job and the same text again.
void expect_same_job(const Job& job, const std::string& what) {
    ASSERT_NE(job.resolved, "") << what;
    try {
        const auto again = parse_job(job.resolved, "RUN.h5 (its job)", {}, JobSource::recorded);
        EXPECT_EQ(description(again), description(job)) << what << '\n' << job.resolved;
        EXPECT_EQ(again.resolved, job.resolved) << what;
    } catch (const JobErrors& errors) {
        ADD_FAILURE() << what << ": " << errors.what() << '\n' << job.resolved;
    }
}

TEST(ResolvedJob, OfShippedJobs) {
    int count = 0;
    for (const auto& entry : std::filesystem::directory_iterator(STEMMA_JOBS)) {
        if (entry.path().extension() != ".toml") continue;
        ++count;
        expect_same_job(load_job(entry.path().string()), entry.path().string());
    }
    EXPECT_GE(count, 5);
}

TEST(ResolvedJob, OfEverySchedulerAndSampler) {
    const std::string second = "[space.\"weight decay\"]\ntype = \"real\"\nlow = 1e-6\nhigh = 1\nscale = \"log\"\n";
    int good = 0;
    for (const auto& section : sections()) {
        if (section.path != "scheduler") continue;
        for (const auto& one : section.variants) {
            if (one.name == "schedule") continue;
            for (const std::string sampler : {"random", "grid", "sobol", "tpe", "gp"}) {
                const auto text =
                    with(toy_job, "[scheduler]\nmax = 27\n", "[sampler]\ntype = \"" + sampler + "\"\n") + second;
                const auto scheduler = one.example.empty() ? section.example : one.example;
                if (!errors_of(text + scheduler).empty()) continue;  // a grid with a population
                ++good;
                expect_same_job(parse(text + scheduler), one.name + " with " + sampler);
            }
        }
    }
    EXPECT_GE(good, 30);
}

TEST(ResolvedJob, OfPresetsAndSchedules) {
    for (const std::string preset :
         {"scheduler.type=pbt,scheduler.preset=ray_tune", "scheduler.type=pbt,scheduler.preset=pb2",
          "scheduler.type=gpbt,scheduler.preset=published", "scheduler.type=gpbt",
          "scheduler.type=gpbt,scheduler.interval=auto"}) {
        std::vector<std::string> overrides{preset.substr(0, preset.find(','))};
        if (preset.find(',') != std::string::npos) overrides.push_back(preset.substr(preset.find(',') + 1));
        const auto job = parse(torch_head + "[space.lr]\ntype = \"real\"\nlow = 1e-4\nhigh = 1\n", overrides);
        EXPECT_THAT(job.resolved, Not(HasSubstr("preset")));
        expect_same_job(job, preset);
    }
    const std::string stages = "[[schedule]]\nto = 3\nlr = 0.5\n[[schedule]]\nto = 9\nlr = 0.25\n";
    expect_same_job(parse(with(toy_job, "max = 27", "type = \"schedule\"") + stages), "schedule");
    expect_same_job(
        parse(with(torch_head, "max = 27", "type = \"schedule\"\ninherit_optimiser = false\nhorizon = 9.0") +
              "lr_schedule = \"cosine\"\n[space.lr]\ntype = \"real\"\nlow = 1e-4\nhigh = 1\n" + stages),
        "schedule of torch");
}

TEST(ResolvedJob, OfSpacesWithConditionsNamesAndMoves) {
    const auto job = parse(torch_head + R"(
model = "lenet"
[trainer.hypergradient]
variant = "wd_lr"
[space]
optimizer = { type = "categorical", choices = ["sgd", "adam"] }
lr = { type = "real", low = 1e-5, high = 1, scale = "log", role = "hypergradient" }
momentum = { type = "real", low = 0, high = 0.99, when = { optimizer = ["sgd"] } }
batch_size = { type = "ordinal", levels = [32, 64, 128], default = 64 }
[[sampler.first]]
lr = 0.1
optimizer = "adam"
[[forbidden]]
optimizer = "adam"
batch_size = 32
)");
    expect_same_job(job, "torch");
    EXPECT_THAT(job.resolved, HasSubstr("[space.batch_size]\ntype = \"ordinal\"\nlevels = [32, 64, 128]\n"));
    EXPECT_THAT(job.resolved, HasSubstr("role = \"hypergradient\""));
    EXPECT_THAT(job.resolved, HasSubstr("[trainer.hypergradient]\nvariant = \"wd_lr\""));

    const std::string odd = "a \\\"b\\\" \\u00e9 and a name that is longer than sixty bytes, as it may be, to the end";
    expect_same_job(parse(toy_job + "[space.\"" + odd + "\"]\ntype = \"categorical\"\nchoices = [\"x\\ty\", \"\"]\n"),
                    "a name in quotes");
}

TEST(ResolvedJob, OfProgramsAndTasks) {
    expect_same_job(parse(with(toy_job, "type = \"toy\"", "type = \"process\"\ncommand = [\"a b\", \"\\\\\"]")),
                    "process");
    expect_same_job(parse(with(toy_job, "type = \"toy\"", "type = \"ask\"\nmetrics = [\"valid_loss\", \"x\"]")), "ask");
    expect_same_job(parse(with(toy_job, "type = \"toy\"", "type = \"task\"\nlibrary = \"x.so\"")), "task");
}

TEST(ResolvedJob, SaysDefaultsThatDependOnOtherKeys) {
    const auto gpbt = parse(toy_job, {"scheduler.type=gpbt", "scheduler.children=2"});
    EXPECT_THAT(gpbt.resolved, HasSubstr("ratio = 2.0\n"));
    EXPECT_THAT(gpbt.resolved, HasSubstr("startup = 4\n"));
    EXPECT_THAT(gpbt.resolved, HasSubstr("births = \"propose\"\n"));
    EXPECT_THAT(gpbt.resolved, HasSubstr("role = \"mutable\"\n"));
    EXPECT_THAT(gpbt.resolved, HasSubstr("name = \"x\"\n"));
    EXPECT_THAT(gpbt.resolved, HasSubstr("output = \"runs/x.h5\"\n"));
    EXPECT_THAT(parse(toy_job, {"sampler.type=gp"}).resolved, HasSubstr("startup = 2\n"));
    EXPECT_THAT(parse(torch_head + "[space.lr]\ntype = \"real\"\nlow = 1e-4\nhigh = 1\n").resolved,
                HasSubstr("batch_size = 128\n"));
}

TEST(ResolvedJob, IsNoneWhereAValueIsNotUtf8) { EXPECT_EQ(parse(toy_job, {"run.output=runs/\xE9.h5"}).resolved, ""); }

// ---- keys that change ------------------------------------------------------------------------------------------

struct Settings {
    std::int64_t patience = 0;
};

Settings read(const Key& key, const std::string& text, JobSource source, std::vector<std::string>* errors = nullptr) {
    Diagnostics diagnostics("x.toml", {}, source);
    auto root = parse_toml(text, diagnostics);
    rename_keys(std::get<NodeTable>(std::get<NodeTable>(root.value).front().value.value), "a", {key}, diagnostics);
    Settings settings;
    read_section<Settings>({{key, into(&Settings::patience)}}, root.find("a"), "a", {}, settings, diagnostics);
    try {
        diagnostics.throw_if_any();
    } catch (const JobErrors& found) {
        if (errors == nullptr) throw;
        for (const auto& error : found.errors) errors->push_back(error.text());
    }
    return settings;
}

const Key patience{
    .name = "patience", .type = KeyType::integer, .default_text = "7", .before = "3", .formerly = "waiting"};

TEST(KeyOfARunFile, ThatTheFileDoesNotHaveMeansWhatItMeantBefore) {
    EXPECT_EQ(read(patience, "[a]\n", JobSource::recorded).patience, 3);
    EXPECT_EQ(read(patience, "[a]\n", JobSource::typed).patience, 7);
    EXPECT_EQ(read(patience, "[a]\npatience = 5\n", JobSource::recorded).patience, 5);
}

TEST(KeyOfARunFile, IsKnownByItsFormerName) {
    EXPECT_EQ(read(patience, "[a]\nwaiting = 5\n", JobSource::recorded).patience, 5);
    EXPECT_EQ(read(patience, "[a]\nwaiting = 5\n", JobSource::typed).patience, 5);
    std::vector<std::string> errors;
    read(patience, "[a]\nwaiting = 5\npatience = 6\n", JobSource::typed, &errors);
    EXPECT_THAT(errors, testing::ElementsAre("x.toml:2:1: a.waiting is another name of patience, which is given too; "
                                             "remove one of them"));
}

}  // namespace
}  // namespace stemma::job_test
