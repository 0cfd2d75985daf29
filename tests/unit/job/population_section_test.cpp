// Population methods, samplers that learn, and schedules, in job files.
#include <algorithm>

#include "app/job/presets.hpp"
#include "sampler/gp/gp.hpp"
#include "sampler/tpe.hpp"
#include "scheduler/fixed_schedule.hpp"
#include "scheduler/gpbt.hpp"
#include "scheduler/pbt.hpp"
#include "trainer/torch_library/torch_settings.hpp"
#include "unit/job/job_texts.hpp"

namespace stemma::job_test {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Pair;

std::string population(const std::string& scheduler) { return with(toy_job, "max = 27", "max = 27\n" + scheduler); }

/// A job with a schedule; toy_job without its scheduler.
std::string scheduled(const std::string& schedule) {
    return with(toy_job, "max = 27", "type = \"schedule\"") + schedule;
}

TEST(PopulationSection, Defaults) {
    const auto pbt = parse(population("type = \"pbt\"")).scheduler.as<PbtSettings>();
    EXPECT_EQ(pbt.population, 20U);
    EXPECT_EQ(pbt.selection, PbtSelection::truncation);
    EXPECT_EQ(pbt.bottom, 0.2);
    EXPECT_THAT(pbt.periods, ElementsAre(1));
    const auto job = parse(population("type = \"gpbt\"\nchildren = 4\ndeadline = \"10m\""));
    const auto gpbt = job.scheduler.as<GpbtSettings>();
    EXPECT_EQ(gpbt_parents(gpbt), 1U);
    EXPECT_EQ(gpbt.founders, 3);
    EXPECT_EQ(gpbt_founders(gpbt), 12U);
    EXPECT_EQ(gpbt_generations(gpbt), 27U);
    EXPECT_FALSE(gpbt.parents_compete);
    EXPECT_FALSE(gpbt.sequential);
    EXPECT_EQ(gpbt.deadline, 600);
}

TEST(PopulationSection, FewChildrenHaveADefaultRatio) {
    for (const std::uint32_t children : {1U, 2U, 3U, 5U}) {
        const auto job = parse(population("type = \"gpbt\"\nchildren = " + std::to_string(children)));
        EXPECT_EQ(gpbt_parents(job.scheduler.as<GpbtSettings>()), 1U);
    }
    EXPECT_EQ(parse(population("ratio = 2\nchildren = 3\ntype = \"gpbt\"")).scheduler.as<GpbtSettings>().ratio, 2);
}

TEST(PopulationSection, GpbtsOracleIsThatOfTheStudies) {
    const auto sampler = parse(population("type = \"gpbt\"")).sampler;
    const auto lineages = TpeSettings::lineages();
    EXPECT_EQ(sampler.type->name, "tpe");
    EXPECT_EQ(sampler.as<TpeSettings>().good, lineages.good);
    EXPECT_EQ(sampler.as<TpeSettings>().gamma, lineages.gamma);
    EXPECT_EQ(sampler.as<TpeSettings>().multivariate, lineages.multivariate);
    EXPECT_EQ(sampler.as<TpeSettings>().time, TpeSettings::Time::relative);
    EXPECT_EQ(sampler.as<TpeSettings>().startup, 32U) << "two of three founders are random draws";
    EXPECT_EQ(parse(population("type = \"gpbt\""), {"sampler.type=random"}).sampler.type->name, "random");
    EXPECT_EQ(parse(population("type = \"pbt\"")).sampler.type->name, "random");
}

TEST(PopulationSection, PresetsAreTheSettingsOfOthers) {
    const auto ray = parse(population("type = \"pbt\"\npreset = \"ray_tune\""));
    EXPECT_EQ(ray.scheduler.as<PbtSettings>().bottom, pbt_ray().bottom);
    EXPECT_EQ(ray.scheduler.as<PbtSettings>().top, pbt_ray().top);
    EXPECT_EQ(ray.sampler.explore.resample_probability, ExploreSettings::ray().resample_probability);

    const auto mf = parse(population("type = \"pbt\"\npreset = \"mf_pbt\""));
    const auto mf_settings = mf.scheduler.as<PbtSettings>();
    EXPECT_EQ(mf_settings.periods, pbt_multi_frequency().periods);
    EXPECT_EQ(mf_settings.migrants, PbtMigrants::lower_half);
    EXPECT_EQ(mf_settings.bottom, 0.25);
    EXPECT_THAT(mf.sampler.explore.factors, ElementsAre(0.8, 1.25));

    const auto pb2 = parse(population("type = \"pbt\"\npreset = \"pb2\""));
    EXPECT_EQ(pb2.sampler.type->name, "gp");
    EXPECT_EQ(pb2.sampler.as<GpSettings>().objective, GpObjective::improvement);
    EXPECT_EQ(pb2.sampler.as<GpSettings>().time, GpTime::decay);
    EXPECT_EQ(pb2.sampler.as<GpSettings>().search.acquisition, GpAcquisition::lcb);
    EXPECT_FALSE(pb2.sampler.as<GpSettings>().look_below);
    EXPECT_FALSE(pb2.sampler.births.has_value());

    const std::string torch = torch_head + "type = \"torch\"\n[space.lr]\ntype = \"real\"\nlow = 0.1\nhigh = 1.0\n";
    const auto paper = parse(with(torch, "max = 27", "max = 27\ntype = \"gpbt\"\npreset = \"published\""));
    const auto tpe = TpeSettings::published_gpbt();
    EXPECT_TRUE(paper.scheduler.as<GpbtSettings>().sequential);
    EXPECT_TRUE(paper.scheduler.as<GpbtSettings>().parents_compete);
    EXPECT_EQ(paper.scheduler.as<GpbtSettings>().founders, 1);
    EXPECT_EQ(paper.sampler.type->name, "tpe");
    EXPECT_EQ(paper.sampler.as<TpeSettings>().good, tpe.good);
    EXPECT_EQ(paper.sampler.as<TpeSettings>().gamma, tpe.gamma);
    EXPECT_EQ(paper.sampler.as<TpeSettings>().multivariate, tpe.multivariate);
    EXPECT_EQ(paper.sampler.as<TpeSettings>().time, tpe.time);
    EXPECT_FALSE(paper.sampler.as<TpeSettings>().look_below) << "the paper's draws are even";
    EXPECT_FALSE(paper.trainer.as<TorchSettings>().inherit_optimizer);
}

TEST(PopulationSection, WhatTheJobSaysCountsMoreThanThePreset) {
    const auto ray = parse(population("type = \"pbt\"\npreset = \"ray_tune\"\ntop = 0.1"), {"sampler.type=sobol"});
    EXPECT_EQ(ray.scheduler.as<PbtSettings>().top, 0.1);
    EXPECT_EQ(ray.scheduler.as<PbtSettings>().bottom, 0.25);
    EXPECT_EQ(ray.sampler.explore.resample_probability, 0.25);
    // Keys of another sampler type than the job's are left out.
    const auto gp = parse(population("type = \"gpbt\"\npreset = \"published\""), {"sampler.type=gp"});
    EXPECT_TRUE(gp.scheduler.as<GpbtSettings>().sequential);
    const auto tpe = parse(population("type = \"pbt\"\npreset = \"pb2\""), {"sampler.type=tpe"});
    EXPECT_EQ(tpe.sampler.type->name, "tpe");
    EXPECT_THAT(errors_of(population("type = \"gpbt\"\npreset = \"ray_tune\"")),
                ElementsAre(HasSubstr("scheduler.preset \"ray_tune\" is for type = \"pbt\"")));
    EXPECT_THAT(errors_of(population("type = \"pbt\"\npreset = \"ray_tuna\"")),
                ElementsAre(HasSubstr("did you mean \"ray_tune\"?")));
    EXPECT_THAT(errors_of(population("preset = \"ray_tune\"")), ElementsAre(HasSubstr("scheduler.preset")));
}

TEST(PopulationSection, AnIntervalCanBeFoundOut) {
    const auto job = parse(population("type = \"gpbt\"\nchildren = 20\ninterval = \"auto\""));
    const auto gpbt = job.scheduler.as<GpbtSettings>();
    EXPECT_EQ(gpbt.interval, interval_auto);
    EXPECT_EQ(gpbt.interval_min, 1);
    EXPECT_EQ(job.scheduler.final_result, FinalResult::max);
    EXPECT_EQ(job.sampler.as<TpeSettings>().startup, 8U) << "the shared founders";
    EXPECT_THAT(job.resolved, HasSubstr("interval = \"auto\""));

    const auto any = parse(population("type = \"gpbt\"\ninterval = \"auto\"\nfinal = \"any_rung\""));
    EXPECT_EQ(any.scheduler.final_result, FinalResult::any_rung);
    const auto fixed = parse(population("type = \"gpbt\"\ninterval = 3"));
    EXPECT_EQ(fixed.scheduler.as<GpbtSettings>().interval, 3);
    EXPECT_EQ(fixed.scheduler.final_result, FinalResult::any_rung);

    EXPECT_THAT(errors_of(population("type = \"gpbt\"\ninterval = \"auot\"")),
                ElementsAre(HasSubstr("did you mean \"auto\"?")));
    EXPECT_THAT(errors_of(population("type = \"gpbt\"\ninterval = 0")), ElementsAre(HasSubstr(", or \"auto\"; got 0")));
    EXPECT_THAT(errors_of(population("type = \"gpbt\"\ninterval = \"auto\"\nsequential = true")),
                ElementsAre(HasSubstr("scheduler.sequential must be false with interval = \"auto\"")));
}

TEST(PopulationSection, ContradictionsAreErrors) {
    EXPECT_THAT(errors_of(population("type = \"pbt\"\ninterval = 28")),
                ElementsAre(HasSubstr("scheduler.interval must be <= max = 27; got 28")));
    EXPECT_THAT(errors_of(population("type = \"pbt\"\nperiods = [1, 0]")),
                ElementsAre(HasSubstr(
                    "scheduler.periods must be a list of integers in 1 .. 1000000 with at least one item; got 0")));
    EXPECT_THAT(errors_of(population("type = \"pbt\"\npopulation = 2\nperiods = [1, 2, 4]")),
                ElementsAre(HasSubstr(
                    "jobs/x.toml:12:11: scheduler.periods must name at most population = 2 sub-populations; got 3")));
    EXPECT_THAT(errors_of(population("type = \"pbt\"\npopulation = 3\nperiods = [1, 2, 4]")), IsEmpty());
    EXPECT_THAT(errors_of(population("type = \"gpbt\"\nchildren = 4\nratio = 5")),
                ElementsAre(HasSubstr("scheduler.ratio must be in 1/children .. children = 4")));
    EXPECT_THAT(errors_of(with(toy_job, "max = 27", "max = 4294967297\ntype = \"gpbt\"")),
                ElementsAre(HasSubstr("scheduler.max must be at most 1000000 generations")));
    EXPECT_THAT(errors_of(population("type = \"gpbt\"\npatience = 0.5")),
                ElementsAre(HasSubstr("jobs/x.toml:11:12: scheduler.patience must be 0 or at least 1")));
    EXPECT_THAT(errors_of(population("type = \"pbt\"\nrepeats = 2")),
                ElementsAre(HasSubstr("scheduler.repeats has no meaning with type = \"pbt\"")));
    EXPECT_THAT(errors_of(population("type = \"gpbt\"") + "role = \"fixed\"\n"),
                ElementsAre(HasSubstr("has no parameter with role = \"mutable\"")));
    EXPECT_THAT(errors_of(toy_job + "[sampler]\nfactors = [0.8, -1]\n"),
                ElementsAre(HasSubstr(
                    "sampler.factors must be a list of numbers > 0 and < 1000000 with at least one item; got -1")));
}

TEST(PopulationSection, WhatATrainerCanChangeIsMutable) {
    const std::string job = torch_head +
                            "type = \"torch\"\n[space.lr]\ntype = \"real\"\nlow = 0.1\nhigh = 1.0\n[space.width]\n"
                            "type = \"integer\"\nlow = 1\nhigh = 9\n";
    const auto space = parse(job).space;
    EXPECT_EQ((*space)[0].role, Role::mutable_value);
    EXPECT_EQ((*space)[1].role, Role::fixed);
    EXPECT_THAT(errors_of(job + "role = \"mutable\"\n"),
                ElementsAre(HasSubstr("space.width.role must be \"fixed\": trained weights cannot go on")));
}

TEST(PopulationSection, SamplersThatLearn) {
    const auto job = parse(toy_job + "[sampler]\ntype = \"tpe\"\nstartup = 3\nmultivariate = true\ntime = \"none\"\n");
    EXPECT_EQ(job.sampler.as<TpeSettings>().startup, 3U);
    EXPECT_TRUE(job.sampler.as<TpeSettings>().multivariate);
    EXPECT_EQ(job.sampler.as<TpeSettings>().time, TpeSettings::Time::none);
    EXPECT_THAT(errors_of(toy_job + "[sampler]\ntype = \"gp\"\ngamma = 0.1\n"),
                ElementsAre(HasSubstr("sampler.gamma has no meaning with type = \"gp\", only with \"tpe\"")));
}

TEST(ScheduleSection, KeepsWhatTheSearchsTrainerOwedToItsScheduler) {
    const std::string torch =
        torch_head + "type = \"torch\"\nlr_schedule = \"cosine\"\n[space.lr]\ntype = \"real\"\nlow = 0.1\nhigh = 1.0\n";
    const auto search = parse(with(torch, "max = 27", "max = 27\ntype = \"gpbt\"\npreset = \"published\"")).trainer;
    EXPECT_THAT(schedule_values(search),
                ElementsAre(Pair("inherit_optimizer", Literal(false)), Pair("horizon", Literal(27.0))));

    const auto scheduled_by = [&](const std::string& scheduler, const std::string& trainer) {
        const auto text =
            with(torch, "max = 27", "type = \"schedule\"\n" + scheduler) + "[[schedule]]\nto = 9\nlr = 0.5\n";
        return with(text, "type = \"torch\"\n", "type = \"torch\"\n" + trainer);
    };
    const auto kept = parse(scheduled_by("inherit_optimizer = false\nhorizon = 27.0", "")).trainer;
    EXPECT_FALSE(kept.as<TorchSettings>().inherit_optimizer);
    EXPECT_EQ(kept.fixed.at("horizon"), search.fixed.at("horizon"));
    const auto bare = parse(scheduled_by("", "")).trainer;
    EXPECT_TRUE(bare.as<TorchSettings>().inherit_optimizer);
    EXPECT_EQ(bare.fixed.at("horizon"), Literal(9.0));
    const auto own = parse(scheduled_by("inherit_optimizer = false\nhorizon = 27", "horizon = 5\n")).trainer;
    EXPECT_FALSE(own.as<TorchSettings>().inherit_optimizer);
    EXPECT_EQ(own.fixed.at("horizon"), Literal(5.0)) << "the section itself counts more";

    EXPECT_TRUE(schedule_values(parse(toy_job).trainer).empty());
    EXPECT_THAT(errors_of(with(torch, "max = 27", "max = 27\nhorizon = 9")),
                ElementsAre(HasSubstr("scheduler.horizon has no meaning with type = \"asha\"")));
}

TEST(ScheduleSection, StagesAscendAndNameParameters) {
    const std::string good = "[[schedule]]\nto = 3\nlr = 0.5\n[[schedule]]\nto = 9\nlr = 0.25\n";
    const auto job = parse(scheduled(good));
    EXPECT_THAT(job.scheduler.as<FixedScheduleSettings>().ends, ElementsAre(3, 9));
    EXPECT_EQ(job.scheduler.max, 9);
    EXPECT_EQ(std::get<double>(job.scheduler.stages[1][0]), 0.25);
    EXPECT_THAT(errors_of(scheduled(good + "[[schedule]]\nto = 9\nlr = 0.5\n")),
                ElementsAre(HasSubstr("schedule.to must be more than where the stage before ends; got 9")));
    EXPECT_THAT(errors_of(scheduled("[[schedule]]\nlr = 0.5\n")), ElementsAre(HasSubstr("schedule.to is missing")));
    EXPECT_THAT(errors_of(scheduled("[[schedule]]\nto = 1\nlt = 0.5\n")),
                ElementsAre(HasSubstr("schedule.lt names no parameter of [space] (did you mean \"lr\"?)")));
    EXPECT_THAT(errors_of(scheduled("")), ElementsAre(HasSubstr("schedule is missing")));
    EXPECT_THAT(errors_of(toy_job + good), ElementsAre(HasSubstr("only with scheduler.type = \"schedule\"")));
}

}  // namespace
}  // namespace stemma::job_test
