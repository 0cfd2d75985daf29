// From a job to its sampler.
#include "app/registry.hpp"
#include "unit/job/job_texts.hpp"

namespace stemma::job_test {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

Job population(const std::string& scheduler, const std::string& sampler = "") {
    return parse(with(toy_job, "max = 27", "max = 27\n" + scheduler) +
                 (sampler.empty() ? "" : "[sampler]\n" + sampler));
}

/// A child of the second of 20 members that have each reported twice. Smaller member numbers are better.
Configuration child_of(const Job& job) {
    const auto sampler = make_sampler(job);
    for (std::uint64_t i = 0; i < 20; ++i) {
        sampler->born({{i}, {}, 0, *sampler->propose({{i}, i, {}, {}})});
        for (const Resource resource : {1, 2})
            sampler->observe({{i}, resource, static_cast<double>(i + 1) / static_cast<double>(resource)});
    }
    return *sampler->propose({{20}, 20, {1}, {}});
}

TEST(Registry, PbtWithAModelProposesItsChildren) {
    const std::string pbt = "type = \"pbt\"\n", perturb = "births = \"perturb\"\n", propose = "births = \"propose\"\n";
    for (const std::string type : {"tpe", "gp"}) {
        const auto text = "type = \"" + type + "\"\n";
        const auto job = population(pbt, text);
        EXPECT_THAT(make_sampler(job)->describe(), StartsWith(type == "gp" ? "Gaussian process" : "TPE"));
        EXPECT_EQ(child_of(job), child_of(population(pbt, text + propose))) << type;
        EXPECT_NE(child_of(job), child_of(population(pbt, text + perturb))) << type;
        EXPECT_THAT(make_sampler(population(pbt, text + perturb))->describe(), StartsWith("explore by factors"))
            << type;
    }
    for (const std::string type : {"random", "sobol"}) {
        const auto text = "type = \"" + type + "\"\n";
        EXPECT_THAT(make_sampler(population(pbt, text))->describe(), StartsWith("explore by factors")) << type;
        EXPECT_NE(child_of(population(pbt, text)), child_of(population(pbt, text + propose))) << type;
    }
    EXPECT_THAT(make_sampler(population("type = \"gpbt\""))->describe(), HasSubstr("multivariate TPE"));
}

TEST(Registry, Pb2sChildrenComeFromItsModel) {
    const auto job = population("type = \"pbt\"\npreset = \"pb2\"");
    EXPECT_EQ(make_sampler(job)->describe(), "Gaussian process, LCB");
    EXPECT_NE(child_of(job), child_of(population("type = \"pbt\"")));
    EXPECT_NE(child_of(job), child_of(population("type = \"pbt\"", "births = \"propose\"\n"))) << "a random draw";
}

TEST(Registry, TheDefaultPlansByTheBudget) {
    EXPECT_THAT(make_sampler(parse(toy_job))->describe(), StartsWith("auto: a Gaussian process (1 number, 40 conf"));
    EXPECT_THAT(make_sampler(parse(toy_job, {"run.budget.members=400"}))->describe(),
                StartsWith("auto: multivariate TPE (1 number, 400 configurations: more than 300)"));
    EXPECT_THAT(make_sampler(parse(toy_job, {"run.budget={ wall_time = \"1h\" }"}))->describe(),
                StartsWith("auto: a Gaussian process (1 number, no known number of configurations)"));
    EXPECT_THAT(make_sampler(parse(toy_job, {"run.budget.members=2"}))->describe(), StartsWith("auto: random draws"));
}

/// Proposals of a space of two configurations, at most five.
std::size_t proposals_of_two(const std::vector<std::string>& overrides) {
    auto settings = overrides;
    settings.emplace_back("space={ kind = { type = \"categorical\", choices = [\"a\", \"b\"], role = \"mutable\" } }");
    const auto sampler = make_sampler(parse(toy_job, settings));
    std::size_t count = 0;
    for (; count < 5; ++count) {
        const auto one = sampler->propose({{count}, count, {}});
        if (!one) break;
        sampler->born({{count}, {}, 0, *one});
    }
    return count;
}

TEST(Registry, AFiniteSpaceIsUsedUpExceptByPopulations) {
    for (const std::string type : {"auto", "random", "sobol", "tpe", "gp"}) {
        EXPECT_EQ(proposals_of_two({"sampler.type=" + type}), 2U) << type;
        EXPECT_EQ(proposals_of_two({"sampler.type=" + type, "sampler.allow_duplicates=true"}), 5U) << type;
    }
    EXPECT_EQ(proposals_of_two({"scheduler.type=pbt"}), 5U);
    EXPECT_EQ(proposals_of_two({"scheduler.type=gpbt"}), 5U);
}

/// Founders that differ from random draws: of 12, while `workers` train at a time, first in, first out.
std::vector<std::size_t> founders_of_the_model(const std::string& text, std::size_t workers) {
    const auto job = population("type = \"gpbt\"\nchildren = 4", text);
    const auto sampler = make_sampler(job);
    const auto random = make_sampler(population("type = \"gpbt\"", "type = \"random\"\n"));
    std::vector<std::size_t> found;
    for (std::uint64_t i = 0; i < 12; ++i) {
        if (i >= workers) sampler->observe({{i - workers}, 1, static_cast<double>(i)});
        const auto founder = *sampler->propose({{i}, i, {}, {}});
        if (founder != *random->propose({{i}, i, {}, {}})) found.push_back(i);
        sampler->born({{i}, {}, 0, founder});
    }
    return found;
}

TEST(Registry, GpbtsLastFoundersComeFromTheModelWhateverTheWorkers) {
    for (const std::string text : {"", "type = \"gp\"\n"}) {
        for (const std::size_t workers : {1U, 2U, 5U, 8U})
            EXPECT_EQ(founders_of_the_model(text, workers), (std::vector<std::size_t>{8, 9, 10, 11})) << workers;
        EXPECT_TRUE(founders_of_the_model(text, 12).empty()) << "nothing has been observed";
    }
}

}  // namespace
}  // namespace stemma::job_test
