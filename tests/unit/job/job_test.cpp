#include <filesystem>
#include <fstream>

#include "sampler/grid.hpp"
#include "sampler/tpe.hpp"
#include "scheduler/asha.hpp"
#include "scheduler/gpbt.hpp"
#include "scheduler/sha.hpp"
#include "support/errors.hpp"
#include "unit/job/job_texts.hpp"

namespace stemma::job_test {
namespace {

using ::testing::HasSubstr;

TEST(Job, OfARunFileThatNamesNoSamplerDrewAtRandomAndRepeated) {
    const auto recorded = parse_job(toy_job, "a.h5", {}, JobSource::recorded);
    EXPECT_EQ(recorded.sampler.type->name, "random");
    EXPECT_TRUE(recorded.sampler.allow_duplicates);
    const auto typed = parse(toy_job);
    EXPECT_EQ(typed.sampler.type->name, "auto");
    EXPECT_FALSE(typed.sampler.allow_duplicates);
    const auto again = parse_job(typed.resolved, "a.h5", {}, JobSource::recorded);
    EXPECT_EQ(again.sampler.type->name, "auto");
    EXPECT_FALSE(again.sampler.allow_duplicates);
}

TEST(Job, AutoIsForSearchesFromScratch) {
    const auto pbt = with(toy_job, "max = 27", "max = 27\ntype = \"pbt\"");
    EXPECT_EQ(parse(pbt).sampler.type->name, "random");
    EXPECT_THAT(errors_of(pbt + "[sampler]\ntype = \"auto\"\n"),
                ElementsAre(HasSubstr("sampler.type \"auto\" chooses for searches whose members start from scratch")));
    EXPECT_EQ(parse(toy_job, {"scheduler.type=sha", "scheduler.members=9"}).sampler.type->name, "auto");
    for (const std::string type : {"random", "hyperband", "asha", "asha_stopping", "asha_hyperband", "pasha"})
        EXPECT_EQ(parse(toy_job, {"scheduler.type=" + type}).sampler.type->name, "auto") << type;
    EXPECT_EQ(parse(toy_job, {"scheduler.type=grid"}).sampler.type->name, "grid");
}

TEST(Job, ReadsWhatIsGivenAndFillsTheRestWithDefaults) {
    const auto job = parse(toy_job);

    EXPECT_EQ(job.run.seed, 7U);
    EXPECT_EQ(job.run.budget, (Budget{.members = 40, .target = {}}));
    EXPECT_EQ(job.metric.name, "valid_loss");
    EXPECT_FALSE(job.metric.maximize);
    EXPECT_EQ(job.scheduler.type->name, "asha");
    EXPECT_EQ(job.scheduler.max, 27);
    EXPECT_EQ(job.scheduler.as<AshaSettings>().eta, 3);
    EXPECT_EQ(job.sampler.type->name, "auto");
    EXPECT_EQ(job.trainer.type->name, "toy");
    EXPECT_EQ(job.trainer.unit_name(), "epoch");
    EXPECT_EQ(job.workers.snapshot_memory, 2ULL << 30U);
    EXPECT_EQ(job.workers.durable, DurablePolicy::promotable);
    EXPECT_DOUBLE_EQ(job.workers.heartbeat, 5);
    ASSERT_EQ(job.space->size(), 1U);
    EXPECT_EQ((*job.space)[0].name, "lr");
}

TEST(Job, TrainingsAheadIsANumberOrAuto) {
    EXPECT_EQ(parse(toy_job).workers.trainings_ahead, leases_ahead_auto);
    EXPECT_EQ(parse(toy_job, {"workers.trainings_ahead=auto"}).workers.trainings_ahead, leases_ahead_auto);
    EXPECT_EQ(parse(toy_job, {"workers.trainings_ahead=64"}).workers.trainings_ahead, 64U);
    const auto recorded = parse_job(toy_job, "RUN.h5 (its job)", {}, JobSource::recorded);
    EXPECT_EQ(recorded.workers.trainings_ahead, 0U) << "the record of a program that had no \"auto\"";
}

TEST(Job, KeepsItsTextAndOverrides) {
    const auto job = parse(toy_job, {"scheduler.eta=4"});

    EXPECT_EQ(job.text, toy_job);
    EXPECT_EQ(job.overrides, std::vector<std::string>{"scheduler.eta=4"});
    EXPECT_EQ(job.scheduler.as<AshaSettings>().eta, 4);
}

TEST(Job, NameAndOutputComeFromTheFile) {
    const auto job = parse(toy_job);

    EXPECT_EQ(job.run.name, "x");
    EXPECT_EQ(job.run.output, "runs/x.h5");
}

TEST(Job, OutputFollowsTheName) {
    EXPECT_EQ(parse(toy_job, {"run.name=other"}).run.output, "runs/other.h5");
    EXPECT_EQ(parse(toy_job, {"run.output=elsewhere/r.h5"}).run.output, "elsewhere/r.h5");
}

TEST(Job, StructDefaultsAreTheTablesDefaults) {
    const auto job = parse(toy_job);
    const WorkerSettings workers;
    const SchedulerSettings scheduler;

    EXPECT_EQ(job.workers.threads, workers.threads);
    EXPECT_EQ(job.workers.device, workers.device);
    EXPECT_EQ(job.workers.snapshot_memory, workers.snapshot_memory);
    EXPECT_EQ(job.workers.spill, workers.spill);
    EXPECT_EQ(job.workers.heartbeat, workers.heartbeat);
    EXPECT_EQ(job.workers.lost_after, workers.lost_after);
    EXPECT_EQ(job.workers.retries, workers.retries);
    EXPECT_EQ(job.workers.failures_in_a_row, workers.failures_in_a_row);
    EXPECT_EQ(job.scheduler.repeats, scheduler.repeats);
    EXPECT_EQ(job.scheduler.final_result, scheduler.final_result);
}

/// What a job without keys trains with is what tests and benches get from empty settings.
TEST(Job, EmptySettingsAreAJobsDefaults) {
    const auto same = [](const auto& algorithm) {
        for (const auto& field : algorithm.fields) {
            if (!field.load || field.key.required) continue;
            auto settings = algorithm.defaults;
            const auto before = field.load(settings);
            if (const auto by_default = default_of(field.key)) field.store(settings, *by_default);
            const auto after = field.load(settings);
            ASSERT_EQ(before.has_value(), after.has_value()) << algorithm.name << "." << field.key.name;
            if (!before) continue;
            EXPECT_EQ(before->value, after->value) << algorithm.name << "." << field.key.name;
            EXPECT_EQ(before->list, after->list) << algorithm.name << "." << field.key.name;
        }
    };
    for (const auto& scheduler : schedulers()) same(scheduler);
    for (const auto& sampler : samplers()) same(sampler);
    for (const auto& trainer : trainers()) same(trainer);
    EXPECT_EQ(parse(toy_job, {"sampler.type=tpe"}).sampler.as<TpeSettings>().time, TpeSettings{}.time);
    EXPECT_EQ(parse(toy_job, {"scheduler.type=gpbt"}).scheduler.as<GpbtSettings>().founders, GpbtSettings{}.founders);
    EXPECT_EQ(parse(toy_job, {"scheduler.type=gpbt"}).scheduler.as<GpbtSettings>().patience, GpbtSettings{}.patience);
    EXPECT_FALSE(GpbtSettings{}.parents_compete);
}

TEST(Job, EveryLimitOfTheBudget) {
    const auto job = parse(
        with(toy_job, "members = 40", "members = 1\nreports = 2\nepochs = 3\nwall_time = \"1d12h\"\ntarget = 0.5"));

    EXPECT_EQ(job.run.budget, (Budget{.members = 1, .reports = 2, .resource = 3, .seconds = 129600, .target = 0.5}));
}

TEST(Job, EnumerationsFollowTheirTable) {
    const auto type_of = [](const std::string& extra) {
        return parse(toy_job, {"scheduler.type=" + extra}).scheduler.type->name;
    };

    EXPECT_EQ(type_of("random"), "random");
    EXPECT_EQ(type_of("grid"), "grid");
    EXPECT_EQ(type_of("hyperband"), "hyperband");
    EXPECT_EQ(type_of("asha"), "asha");
    EXPECT_EQ(type_of("asha_stopping"), "asha_stopping");
    EXPECT_EQ(type_of("asha_hyperband"), "asha_hyperband");
    EXPECT_EQ(type_of("pasha"), "pasha");
    EXPECT_EQ(parse(toy_job, {"scheduler.type=sha", "scheduler.members=27"}).scheduler.as<ShaSettings>().members, 27U);
    EXPECT_EQ(parse(toy_job, {"sampler.type=sobol"}).sampler.type->name, "sobol");
    EXPECT_EQ(parse(toy_job, {"workers.durable=best"}).workers.durable, DurablePolicy::best);
    EXPECT_EQ(parse(toy_job, {"workers.durable=all"}).workers.durable, DurablePolicy::all);
    EXPECT_EQ(parse(toy_job, {"workers.device=cuda"}).workers.device, Device::cuda);
    EXPECT_EQ(parse(toy_job, {"scheduler.final=max"}).scheduler.final_result, FinalResult::max);
    EXPECT_TRUE(parse(toy_job, {"metric.direction=maximize"}).metric.maximize);
}

TEST(Job, AGridSchedulerBringsTheGridSampler) {
    EXPECT_EQ(parse(toy_job, {"scheduler.type=grid"}).sampler.type->name, "grid");
    EXPECT_EQ(parse(toy_job, {"scheduler.type=grid", "sampler.points=9"}).sampler.as<GridSettings>().points, 9U);
}

TEST(Job, SchedulersThatEndByThemselvesNeedNoBudget) {
    const auto text = with(toy_job, "members = 40", "");

    EXPECT_NO_THROW(parse(text, {"scheduler.type=sha", "scheduler.members=9"}));
    EXPECT_NO_THROW(parse(text, {"sampler.type=grid"}));
    EXPECT_THAT(errors_of(text), ::testing::ElementsAre(HasSubstr("jobs/x.toml:3:1: run.budget is missing")));
}

TEST(Job, IsLoadedFromAFile) {
    const auto file = std::filesystem::temp_directory_path() / "stemma_load_job_test.toml";
    std::ofstream(file) << toy_job;

    const auto job = load_job(file.string());

    EXPECT_EQ(job.text, toy_job);
    EXPECT_EQ(job.run.name, "stemma_load_job_test");
    std::filesystem::remove(file);
}

TEST(Job, AFileThatCannotBeReadIsAnError) {
    EXPECT_ERROR(load_job("no/such/file.toml"), JobErrors, "no/such/file.toml: no such file");
    EXPECT_ERROR(load_job(std::filesystem::temp_directory_path().string()), JobErrors,
                 "is a folder; give a job file (*.toml)");
}

}  // namespace
}  // namespace stemma::job_test
