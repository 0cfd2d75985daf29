// Error texts are part of the interface: what, where, remedy.
#include "unit/job/job_texts.hpp"

namespace stemma::job_test {
namespace {

using ::testing::AllOf;
using ::testing::Contains;
using ::testing::Each;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::UnorderedElementsAre;

TEST(JobErrors, UnknownKeyWithTheNearestOne) {
    EXPECT_THAT(
        errors_of(with(toy_job, "max = 27", "max = 27\netaa = 3")),
        ElementsAre("jobs/x.toml:10:1: scheduler.etaa is not a key of [scheduler] with type = \"asha\" (did you mean "
                    "\"eta\"?); known: type, max, min, eta, early_stopping_rate, repeats, final"));
}

TEST(JobErrors, UnknownSection) {
    EXPECT_THAT(errors_of(toy_job + "[sampller]\n"),
                ElementsAre(AllOf(HasSubstr("jobs/x.toml:16:2: sampller is no section"),
                                  HasSubstr("did you mean \"sampler\"?"))));
}

TEST(JobErrors, TheFirstOfTwoDefinitionsIsNamed) {
    EXPECT_THAT(
        errors_of("[run]\n[space.lr]\nlow = 1\n[space.lr]\nhigh = 2\n"),
        ElementsAre(AllOf(HasSubstr("x.toml:4:1:"), HasSubstr("'space.lr'; the first definition is in line 2"))));
    EXPECT_THAT(errors_of("[a]\nx = 1\nb = {x = 2}\nx = 3\n"),
                ElementsAre(AllOf(HasSubstr("x.toml:4:5:"), HasSubstr("'x'; the first definition is in line 2"))));
    EXPECT_THAT(errors_of("[a]\nx = 1\n[[a]]\n"),
                ElementsAre(HasSubstr("'a' as array-of-tables; the first definition is in line 1")));
    EXPECT_THAT(errors_of("[a]\nb = {c = 1, c = 2}\n"), ElementsAre(HasSubstr("cannot redefine existing integer 'c'")));
}

TEST(JobErrors, NothingIsMissingWhereASectionIsMisspelt) {
    EXPECT_THAT(errors_of(with(toy_job, "[scheduler]", "[schedular]")),
                ElementsAre(HasSubstr("schedular is no section of a job (did you mean \"scheduler\"?)")));
    EXPECT_THAT(errors_of(with(with(toy_job, "[scheduler]", "[schedular]"), "max = 27", "maxx = 27")),
                UnorderedElementsAre(HasSubstr("schedular is no section"), HasSubstr("scheduler.maxx is not a key"),
                                     HasSubstr("scheduler.max is missing")));
    // Both names: the right one is read.
    EXPECT_THAT(errors_of(toy_job + "[schedular]\nmax = 0\n"), ElementsAre(HasSubstr("schedular is no section")));
}

TEST(JobErrors, NothingIsMissingWhereATableStandsAtTheTop) {
    EXPECT_THAT(errors_of(with(toy_job, "[run.budget]", "[budget]")),
                ElementsAre(HasSubstr("budget is no section of a job; there is run.budget")));
    EXPECT_THAT(errors_of(with(toy_job, "[run]\nseed = 7\n[run.budget]", "[budget]")),
                ElementsAre(HasSubstr("budget is no section of a job; there is run.budget")));
}

TEST(JobErrors, UnknownValueWithTheNearestOne) {
    EXPECT_THAT(
        errors_of(with(toy_job, "minimize", "minimze")),
        ElementsAre(
            "jobs/x.toml:7:13: metric.direction must be \"minimize\" or \"maximize\"; got \"minimze\" (did you mean "
            "\"minimize\"?)"));
}

TEST(JobErrors, KeyOfAnotherType) {
    EXPECT_THAT(
        errors_of(with(toy_job, "max = 27", "max = 27\nmembers = 9")),
        ElementsAre(
            "jobs/x.toml:10:1: scheduler.members has no meaning with type = \"asha\", only with \"sha\"; remove it"));
}

TEST(JobErrors, ValuesOutOfRange) {
    EXPECT_THAT(errors_of(with(toy_job, "seed = 7", "seed = -1")),
                ElementsAre("jobs/x.toml:2:8: run.seed must be an integer >= 0; got -1"));
    EXPECT_THAT(errors_of(with(toy_job, "max = 27", "max = 27\neta = 1")),
                ElementsAre(HasSubstr("scheduler.eta must be an integer in 2 .. 1000; got 1")));
    EXPECT_THAT(
        errors_of(with(toy_job, "members = 40", "target = nan\nmembers = 0")),
        ElementsAre(HasSubstr("run.budget.target must be a number; got nan"), HasSubstr("run.budget.members must be")));
    EXPECT_THAT(errors_of(with(toy_job, "high = 1.0", "high = inf")),
                ElementsAre(HasSubstr("space.lr.high must be a number; got inf")));
}

TEST(JobErrors, ValuesOfAnotherType) {
    EXPECT_THAT(errors_of(with(toy_job, "max = 27", "max = \"27\"")),
                ElementsAre(HasSubstr("must be an integer in 1 .. 1000000000000000; got \"27\"")));
    EXPECT_THAT(errors_of(with(toy_job, "max = 27", "max = 27.0")), ElementsAre(HasSubstr("got 27.0")));
    EXPECT_THAT(errors_of(with(toy_job, "max = 27", "max = [27]")), ElementsAre(HasSubstr("got a list")));
    EXPECT_THAT(errors_of(with(toy_job, "max = 27", "max = {a = 1}")), ElementsAre(HasSubstr("got a table")));
    EXPECT_THAT(errors_of(with(toy_job, "max = 27", "max = 1979-05-27")), ElementsAre(HasSubstr("got a date or time")));
    EXPECT_THAT(errors_of(with(toy_job, "max = 27", "max = true")), ElementsAre(HasSubstr("got true")));
}

TEST(JobErrors, IntegersThatDoNotFit) {
    EXPECT_THAT(errors_of(with(toy_job, "seed = 7", "seed = 9223372036854775808")),
                ElementsAre(HasSubstr("jobs/x.toml:2:")));
    EXPECT_NO_THROW(parse(with(toy_job, "seed = 7", "seed = 9223372036854775807")));
    EXPECT_THAT(errors_of(with(toy_job, "max = 27", "max = 9223372036854775807")),
                ElementsAre(HasSubstr("scheduler.max")));
}

TEST(JobErrors, MissingKeys) {
    EXPECT_THAT(errors_of(with(toy_job, "max = 27", "")),
                ElementsAre(HasSubstr("jobs/x.toml:8:1: scheduler.max is missing; give an integer")));
    EXPECT_THAT(errors_of(with(toy_job, "direction = \"minimize\"", "")),
                ElementsAre("jobs/x.toml:5:1: metric.direction is missing; give \"minimize\" or \"maximize\""));
}

TEST(JobErrors, AnEmptyFileNamesAllThatIsMissing) {
    const auto errors = errors_of("");

    for (const auto expected :
         {"metric.name", "metric.direction", "scheduler.max", "space has no parameters", "run.budget"}) {
        EXPECT_THAT(errors, Contains(HasSubstr(expected)));
    }
}

TEST(JobErrors, AllOfThemAtOnceInTheOrderOfTheFile) {
    const auto text =
        with(with(with(toy_job, "seed = 7", "seed = -7"), "minimize", "minimum"), "low = 2e-3", "low = \"small\"");

    EXPECT_THAT(errors_of(text),
                ElementsAre(HasSubstr("x.toml:2:8:"), HasSubstr("x.toml:7:13:"), HasSubstr("x.toml:14:7:")));
}

TEST(JobErrors, SyntaxErrorsAndDuplicates) {
    EXPECT_THAT(errors_of("[run\nseed = 1"),
                ElementsAre(AllOf(HasSubstr("jobs/x.toml:1:"), HasSubstr("not valid TOML"))));
    EXPECT_THAT(errors_of(toy_job + "high = 2.0\n"), ElementsAre(HasSubstr("jobs/x.toml:16:")));
    EXPECT_THAT(errors_of(toy_job + "[run]\n"), ElementsAre(HasSubstr("jobs/x.toml:16:")));
    EXPECT_THAT(errors_of("\xFF\xFE = 1"), ElementsAre(HasSubstr("not valid TOML")));
    EXPECT_THAT(errors_of(std::string("a = \0 1", 7)), ElementsAre(HasSubstr("not valid TOML")));
}

TEST(JobErrors, LettersBeyondAsciiOutsideQuotes) {
    for (const auto* text : {"a = \u00E9", "\u00E9 = 1", "a = 1 \u00E9", "a =\u3000\u1681 1", "[\u00E9]"}) {
        EXPECT_THAT(errors_of(text), ElementsAre(HasSubstr("not valid TOML"))) << text;
    }
}

TEST(JobErrors, SectionsThatAreNoTables) {
    EXPECT_THAT(errors_of("run = 1\nmetric = []\nspace = 2\nscheduler = \"asha\"\nworkers = true\nforbidden = "
                          "3\nsampler = 1.5\ntrainer = 1\n"),
                AllOf(Contains(HasSubstr("run must be a table")), Contains(HasSubstr("metric must be a table")),
                      Contains(HasSubstr("space must be tables")), Contains(HasSubstr("scheduler must be a table")),
                      Contains(HasSubstr("workers must be a table")), Contains(HasSubstr("sampler must be a table")),
                      Contains(HasSubstr("trainer must be a table"))));
}

TEST(JobErrors, RungsThatDoNotFit) {
    EXPECT_THAT(errors_of(toy_job, {"scheduler.min=28"}),
                ElementsAre(HasSubstr("scheduler.min must be <= max = 27; got 28")));
    EXPECT_NO_THROW(parse(toy_job, {"scheduler.early_stopping_rate=3"}));
    EXPECT_THAT(errors_of(toy_job, {"scheduler.early_stopping_rate=4"}),
                ElementsAre(HasSubstr("must be <= 3 so that min * eta^s")));
    EXPECT_NO_THROW(parse(toy_job, {"scheduler.type=hyperband", "scheduler.brackets=4"}));
    EXPECT_THAT(errors_of(toy_job, {"scheduler.type=hyperband", "scheduler.brackets=5"}),
                ElementsAre(HasSubstr("must be <= 4")));
}

TEST(JobErrors, UnitsOfTheBudget) {
    EXPECT_THAT(errors_of(with(toy_job, "members = 40", "steps = 9")),
                ElementsAre("jobs/x.toml:4:9: run.budget.steps does not fit trainer.unit = \"epoch\"; give epochs"));
    EXPECT_NO_THROW(parse(with(toy_job, "members = 40", "steps = 9"), {"trainer.unit=step"}));
    EXPECT_THAT(errors_of(with(toy_job, "members = 40", "resource = 8\nepochs = 9")),
                ElementsAre(HasSubstr("same limit")));
}

TEST(JobErrors, HeartbeatAndSilence) {
    EXPECT_THAT(errors_of(toy_job, {"workers.heartbeat=40s"}),
                ElementsAre(HasSubstr("workers.lost_after must be at least twice")));
}

TEST(JobErrors, GridSchedulerNeedsTheGrid) {
    EXPECT_THAT(errors_of(toy_job, {"scheduler.type=grid", "sampler.type=sobol"}),
                ElementsAre(HasSubstr("sampler.type must be \"grid\"")));
}

TEST(JobErrors, NamesThatMakeNoPath) {
    EXPECT_THAT(errors_of(toy_job, {"run.name=a/b"}), ElementsAre(HasSubstr("run.name must be a name without")));
    EXPECT_THAT(errors_of(toy_job, {"run.name="}), ElementsAre(HasSubstr("run.name must be a name without")));
    EXPECT_NO_THROW(parse(toy_job, {"run.name=Größe λ"}));
}

TEST(JobErrors, FoundTextIsCutAndEscaped) {
    const auto errors = errors_of(with(toy_job, "\"minimize\"", "\"" + std::string(5000, 'x') + "\""));

    ASSERT_EQ(errors.size(), 1U);
    EXPECT_LT(errors[0].size(), 300U);
    EXPECT_THAT(errors_of(with(toy_job, "\"minimize\"", R"("a\u001bb")")), ElementsAre(HasSubstr("\"a\\x1bb\"")));
}

TEST(JobErrors, ThereIsALimitToThem) {
    std::string text = toy_job;
    for (int i = 0; i < 5000; ++i) text += "[wrong" + std::to_string(i) + "]\n";

    const auto errors = errors_of(text);

    EXPECT_EQ(errors.size(), Diagnostics::errors_max + 1);
    EXPECT_THAT(errors.back(), HasSubstr("and 4900 more errors"));
}

TEST(JobErrors, DotsInTextsAndCommentsAreNoNesting) {
    std::string names = "x = [";
    for (int i = 0; i < 100; ++i) names += "\"a.pt\", 'b.pt', ";

    EXPECT_THAT(errors_of(names + "]"), Each(Not(HasSubstr("too many dots"))));
    EXPECT_THAT(errors_of("x = 1 # " + names), Each(Not(HasSubstr("too many dots"))));
}

TEST(JobErrors, OverridesAreOneLine) {
    EXPECT_THAT(errors_of(toy_job, {"run.name='a\nb'"}), ElementsAre(HasSubstr("must be one line")));
}

TEST(JobErrors, NestingIsBounded) {
    std::string dotted = "a", brackets = "x = ";
    for (int i = 0; i < 200000; ++i) dotted += ".a", brackets += "[";

    EXPECT_THAT(errors_of(dotted + " = 1"), ElementsAre(HasSubstr("too many dots")));
    EXPECT_THAT(errors_of("[" + dotted + "]"), ElementsAre(HasSubstr("too many dots")));
    EXPECT_THAT(errors_of(brackets), ElementsAre(HasSubstr("not valid TOML")));
    EXPECT_THAT(errors_of(toy_job, {dotted + "=1"}), ElementsAre(HasSubstr("path=value")));
}

TEST(JobErrors, ManyDotsThatAreNoKeysAreFine) {
    std::string levels = "0.5";
    for (int i = 1; i < 500; ++i) levels += ", " + std::to_string(i) + ".5";

    EXPECT_NO_THROW(parse(toy_job + "# " + std::string(200, '.') + " a.b.c\n[space.x]\ntype = \"ordinal\"\nlevels = [" +
                          levels + "]\n"));
}

TEST(JobErrors, HugeFilesAreRefused) {
    EXPECT_THAT(errors_of(std::string(job_bytes_max + 1, '#')), ElementsAre(HasSubstr("larger than 4 MiB")));
    EXPECT_NO_THROW(parse(toy_job + std::string(1 << 20, '#')));
}

TEST(JobErrors, AGridThatIsTooSmallForAPopulation) {
    const std::vector<std::string> pbt{"scheduler.type=pbt", "sampler.type=grid", "space.lr.role=mutable",
                                       "sampler.points=6"};
    const auto with_more = [](std::vector<std::string> overrides, const std::vector<std::string>& more) {
        overrides.insert(overrides.end(), more.begin(), more.end());
        return errors_of(toy_job, overrides);
    };
    EXPECT_THAT(with_more(pbt, {}), ElementsAre(AllOf(HasSubstr("6 configurations"), HasSubstr("wants 20"))));
    EXPECT_THAT(with_more(pbt, {"scheduler.population=6"}), ElementsAre());
    EXPECT_THAT(with_more(pbt, {"scheduler.population=6", "sampler.births=propose"}),
                ElementsAre(HasSubstr("would use it up one by one")));
    const std::vector<std::string> gpbt{"scheduler.type=gpbt",  "sampler.type=grid",    "space.lr.role=mutable",
                                        "scheduler.children=4", "scheduler.founders=1", "scheduler.max=3",
                                        "scheduler.interval=1"};
    // 4 founders, twice 4 children, less the child that repeats its parent.
    EXPECT_THAT(with_more(gpbt, {"sampler.points=9"}), ElementsAre(HasSubstr("wants 10")));
    EXPECT_THAT(with_more(gpbt, {"sampler.points=10"}), ElementsAre());
    EXPECT_THAT(with_more(gpbt, {"sampler.points=4", "sampler.births=perturb"}), ElementsAre());
    EXPECT_THAT(errors_of(toy_job, {"scheduler.type=asha", "sampler.type=grid"}), ElementsAre())
        << "ends with the grid, as preview says";
}

TEST(JobErrors, ASpaceOfWhichNothingIsAllowed) {
    const std::string space = toy_job + "[space.a]\ntype = \"categorical\"\nchoices = [1, 2]\n";
    const std::string all = space + "[[forbidden]]\na = [1, 2]\n";
    for (const std::string sampler : {"random", "sobol", "tpe", "grid"}) {
        EXPECT_THAT(errors_of(all, {"sampler.type=" + sampler}), ElementsAre(HasSubstr("no configuration is allowed")))
            << sampler;
        EXPECT_THAT(errors_of(space + "[[forbidden]]\na = [1]\n", {"sampler.type=" + sampler}), ElementsAre());
    }
}

}  // namespace
}  // namespace stemma::job_test
