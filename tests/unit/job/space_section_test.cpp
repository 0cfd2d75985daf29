#include "unit/job/job_texts.hpp"

namespace stemma::job_test {
namespace {

using ::testing::AllOf;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

std::string head() { return toy_job.substr(0, toy_job.find("[space.lr]")); }  // 11 lines

TEST(SpaceSection, EveryKindOfParameterInTheOrderOfTheFile) {
    const auto job = parse(head() + R"(
[space.z]
type = "real"
low = 0
high = 1
step = 0.25
[space.n]
type = "integer"
low = 1
high = 64
scale = "log"
role = "mutable"
[space.optimizer]
type = "categorical"
choices = ["sgd", "adam"]
[space.batch]
type = "ordinal"
levels = [32, 64, 128]
default = 64
[space.flag]
type = "boolean"
[space.pi]
type = "constant"
value = 3
[space.a]
type = "real"
low = 0.001
high = 0.999
scale = "logit"
when = { optimizer = ["sgd"], flag = true }
)");

    const auto& space = *job.space;
    ASSERT_EQ(space.size(), 7U);
    EXPECT_EQ(std::get<Real>(space[0].domain).step, 0.25);
    EXPECT_EQ(space[1].role, Role::mutable_value);
    EXPECT_EQ(std::get<Integer>(space[1].domain).scale, Scale::log);
    EXPECT_EQ(std::get<Integer>(space[1].domain).high, 64);
    EXPECT_EQ(std::get<Categorical>(space[2].domain).choices.size(), 2U);
    EXPECT_EQ(std::get<Ordinal>(space[3].domain).levels[2], Literal{std::int64_t{128}});
    EXPECT_EQ(space[3].default_value, Literal{std::int64_t{64}});
    EXPECT_EQ(std::get<Categorical>(space[4].domain).choices, (std::vector<Literal>{false, true}));
    EXPECT_EQ(std::get<Constant>(space[5].domain).value, Literal{std::int64_t{3}});
    EXPECT_EQ(space[6].name, "a");
    ASSERT_EQ(space[6].when.size(), 2U);
    EXPECT_EQ(space[6].when[0].parameter, 2U);
    EXPECT_EQ(space[6].when[0].any_of, std::vector<std::uint32_t>{0});
    EXPECT_EQ(space[6].when[1].any_of, std::vector<std::uint32_t>{1});
}

TEST(SpaceSection, RangesThatDoNotFitTheirScale) {
    EXPECT_THAT(errors_of(with(toy_job, "low = 2e-3", "low = 0\nscale = \"log\"")),
                ElementsAre("jobs/x.toml:14:7: space.lr.low must be > 0 for scale = \"log\"; got 0"));
    EXPECT_THAT(errors_of(with(toy_job, "low = 2e-3", "low = 0.1\nscale = \"logit\"")),
                ElementsAre(HasSubstr("space.lr.high must be < 1 for scale = \"logit\"; got 1.0")));
    EXPECT_THAT(errors_of(with(toy_job, "low = 2e-3", "low = 2.0")),
                ElementsAre(HasSubstr("space.lr.high must be > low")));
    EXPECT_THAT(errors_of(with(toy_job, "high = 1.0", "high = 2e-3")),
                ElementsAre(HasSubstr("use type = \"constant\"")));
    EXPECT_THAT(errors_of(with(with(toy_job, "low = 2e-3", "low = -1.7e308"), "high = 1.0", "high = 1.7e308")),
                ElementsAre(HasSubstr("does not fit a double")));
    EXPECT_THAT(errors_of(with(toy_job, "low = 2e-3", "low = 0\nstep = 3")),
                ElementsAre(HasSubstr("space.lr.step must not be larger")));
    EXPECT_THAT(errors_of(toy_job + "[space.n]\ntype = \"integer\"\nlow = 1\nhigh = 9\nscale = \"logit\"\n"),
                ElementsAre(HasSubstr("space.n.scale must be \"linear\" or \"log\" for an integer")));
}

TEST(SpaceSection, DefaultsOutsideTheDomain) {
    EXPECT_THAT(errors_of(toy_job + "default = 2\n"),
                ElementsAre(HasSubstr("space.lr.default must be a number between low and high; got 2")));
    EXPECT_THAT(errors_of(toy_job + "[space.c]\ntype = \"categorical\"\nchoices = [\"a\", \"b\"]\ndefault = \"c\"\n"),
                ElementsAre(HasSubstr("space.c.default must be one of \"a\", \"b\"; got \"c\"")));
}

TEST(SpaceSection, ListsWithFaults) {
    const auto choices = [](const std::string& list) {
        return toy_job + "[space.c]\ntype = \"categorical\"\nchoices = " + list + "\n";
    };

    EXPECT_THAT(errors_of(choices("[]")), ElementsAre(HasSubstr("got an empty list")));
    EXPECT_THAT(errors_of(choices("[1, 2, 1]")), ElementsAre("jobs/x.toml:18:18: space.c.choices has 1 twice"));
    EXPECT_THAT(
        errors_of(choices("[1, \"1\"]")),
        ElementsAre(HasSubstr("has 1 and \"1\", which look the same in tables; give one of them another name")));
    EXPECT_THAT(errors_of(choices("[true, \"true\"]")), ElementsAre(HasSubstr("has true and \"true\", which look")));
    EXPECT_THAT(errors_of(choices("[true, 1, \"yes\", 1.5]")), testing::IsEmpty());
    EXPECT_THAT(errors_of(choices("[[1]]")), ElementsAre(HasSubstr("got a list")));
    EXPECT_THAT(errors_of(choices("[nan]")), ElementsAre(HasSubstr("got nan")));
    EXPECT_THAT(errors_of(choices("\"a\"")), ElementsAre(HasSubstr("got \"a\"")));

    std::string long_list = "[0";
    for (int i = 1; i <= 10000; ++i) long_list += "," + std::to_string(i);
    EXPECT_THAT(errors_of(choices(long_list + "]")),
                ElementsAre(HasSubstr("must have at most 10000 items; got 10001")));
}

TEST(SpaceSection, Conditions) {
    const std::string base = head() + "[space.o]\ntype = \"categorical\"\nchoices = [\"sgd\", \"adam\"]\n" +
                             "[space.x]\ntype = \"real\"\nlow = 0\nhigh = 1\nwhen = ";  // `when` is line 19

    EXPECT_NO_THROW(parse(base + "{ o = \"sgd\" }\n"));
    EXPECT_THAT(
        errors_of(base + "{ o = \"sdg\" }\n"),
        ElementsAre(
            "jobs/x.toml:19:14: space.x.when.o must be among \"sgd\", \"adam\"; got \"sdg\" (did you mean \"sgd\"?)"));
    EXPECT_THAT(errors_of(base + "{ p = \"sgd\" }\n"),
                ElementsAre(HasSubstr("space.x.when.p names no parameter of [space] (did you mean \"o\"?)")));
    EXPECT_THAT(errors_of(base + "{ x = 1 }\n"), ElementsAre(HasSubstr("names the parameter itself")));
    EXPECT_THAT(errors_of(base + "{ y = true }\n[space.y]\ntype = \"boolean\"\n"),
                ElementsAre(HasSubstr("stands later in the file; move it before \"x\"")));
    EXPECT_THAT(errors_of(base + "{ o = [] }\n"), ElementsAre(HasSubstr("got an empty list")));
    EXPECT_THAT(errors_of(base + "{}\n"), ElementsAre(HasSubstr("is empty")));
    EXPECT_THAT(errors_of(base + "3\n"), ElementsAre(HasSubstr("space.x.when must be a table; got 3")));
    EXPECT_THAT(errors_of(base + "{ o = \"sgd\" }\n[space.y]\ntype = \"boolean\"\nwhen = { x = 1 }\n"),
                ElementsAre(HasSubstr("names a parameter with a numeric range")));
}

TEST(SpaceSection, ForbiddenCombinations) {
    const std::string base = toy_job +
                             "[space.o]\ntype = \"categorical\"\nchoices = [\"sgd\", \"adam\"]\n[space.f]\ntype = "
                             "\"boolean\"\n[[forbidden]]\n";

    const auto job = parse(base + "o = [\"adam\"]\nf = true\n");

    ASSERT_EQ(job.space->forbidden().size(), 1U);
    EXPECT_EQ(job.space->forbidden()[0].all_of.size(), 2U);
    EXPECT_EQ(job.space->forbidden()[0].all_of[0].any_of, std::vector<std::uint32_t>{1});
    EXPECT_THAT(errors_of(base + "q = 1\n"), ElementsAre(HasSubstr("forbidden.q names no parameter")));
    EXPECT_THAT(errors_of(base + "lr = 0.1\n"), ElementsAre(HasSubstr("numeric range")));
    EXPECT_THAT(errors_of(base), ElementsAre(HasSubstr("forbidden is empty")));
}

TEST(SpaceSection, TypesThatAreWrongOrMissing) {
    EXPECT_THAT(errors_of(with(toy_job, "\"real\"", "\"rael\"")), ElementsAre(HasSubstr("(did you mean \"real\"?)")));
    const auto whole = with(with(toy_job, "2e-3", "1"), "1.0", "2");
    EXPECT_THAT(errors_of(with(whole, "type = \"real\"", "")), ElementsAre(HasSubstr("space.lr.type is missing")));
    EXPECT_THAT(errors_of(toy_job + "[space]\nx = [1, 2]\n"),
                ElementsAre(HasSubstr("space.x must be a table; got a list; write x = {")));
    EXPECT_THAT(errors_of(with(toy_job, "high = 1.0", "choices = [1]")),
                AllOf(Contains(HasSubstr("has no meaning with type = \"real\"")),
                      Contains(HasSubstr("space.lr.high is missing"))));
}

TEST(SpaceSection, NamesInUnicode) {
    EXPECT_EQ((*parse(toy_job + "[space.\"größe λ.1\"]\ntype = \"boolean\"\n").space)[1].name, "größe λ.1");
    EXPECT_THAT(errors_of(toy_job + "[space.\"größe λ.1\"]\ntype = \"bolean\"\n"),
                ElementsAre(HasSubstr("space.\"größe λ.1\".type")));
    EXPECT_THAT(errors_of(toy_job + "[space.\"\"]\ntype = \"boolean\"\n"), ElementsAre(HasSubstr("must be a name")));
    EXPECT_THAT(errors_of(toy_job + "[space.\"a\\nb\"]\ntype = \"boolean\"\n"),
                ElementsAre(HasSubstr("must be a name")));
}

TEST(FirstPoints, AreConfigurations) {
    const auto job = parse(toy_job + "[[sampler.first]]\nlr = 0.01\n[[sampler.first]]\nlr = 0.1\n");

    ASSERT_EQ(job.sampler.first.size(), 2U);
    EXPECT_EQ(job.sampler.first[0], (Configuration{0.01}));
    EXPECT_EQ(job.sampler.first[1], (Configuration{0.1}));
}

TEST(FirstPoints, WithFaults) {
    EXPECT_THAT(errors_of(toy_job + "[[sampler.first]]\nlr = 5.0\n"),
                ElementsAre(HasSubstr("jobs/x.toml:16:1: sampler.first is refused")));
    EXPECT_THAT(errors_of(toy_job + "[[sampler.first]]\nlrr = 0.1\n"),
                ElementsAre(HasSubstr("jobs/x.toml:17:1: sampler.first.lrr names no parameter")));
    EXPECT_THAT(errors_of(toy_job + "[sampler]\nfirst = 3\n"),
                ElementsAre(HasSubstr("sampler.first must be a list of tables; got 3")));
}

TEST(FirstPoints, DefaultsAreOnePoint) {
    const auto text = toy_job + "default = 0.01\n[space.f]\ntype = \"boolean\"\ndefault = true\n";

    EXPECT_EQ(parse(text).sampler.first, (std::vector<Configuration>{{0.01, Choice{1}}}));
    EXPECT_EQ(parse(text + "[[sampler.first]]\nlr = 0.5\n").sampler.first.size(), 2U);
    EXPECT_EQ(parse(text + "[[sampler.first]]\nlr = 0.01\n").sampler.first.size(), 1U);
    EXPECT_TRUE(parse(text, {"sampler.type=grid"}).sampler.first.empty());
    EXPECT_THAT(errors_of(text + "[[forbidden]]\nf = true\n"), ElementsAre(HasSubstr("has defaults that together")));
}

TEST(SpaceSection, EvenDrawsOverDecadesAreRemarkedOn) {
    EXPECT_THAT(
        parse(with(toy_job, "low = 2e-3", "low = 1e-5")).notes,
        ElementsAre("jobs/x.toml:12:1: space.lr from 1e-05 to 1.0 is drawn uniformly: 90 % of the draws lie above "
                    "0.1; did you mean scale = \"log\"?"));
    for (const auto* text : {"low = 2e-3", "low = 0", "low = 1e-5\nscale = \"log\"", "low = 1e-5\nstep = 1e-5"})
        EXPECT_THAT(parse(with(toy_job, "low = 2e-3", text)).notes, ElementsAre()) << text;
}

}  // namespace
}  // namespace stemma::job_test
