#include "trainer/process/program.hpp"
#include "trainer/torch_library/torch_settings.hpp"
#include "trainer/toy/toy_trainer.hpp"
#include "unit/job/job_texts.hpp"

namespace stemma::job_test {
namespace {

using ::testing::AllOf;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

const std::string lr = "[space.lr]\ntype = \"real\"\nlow = 2e-4\nhigh = 0.1\n";

std::string parameter(const std::string& name, const std::string& keys) {
    return "[space." + name + "]\n" + keys + "\n";
}

TEST(TrainerSection, FixedValuesAndDefaultsThatMatter) {
    const auto job = parse(torch_head + "batch_size = 64\noptimizer = \"adam\"\n" + lr);

    const auto& fixed = job.trainer.fixed;
    EXPECT_EQ(fixed.at("batch_size"), Literal{std::int64_t{64}});
    EXPECT_EQ(fixed.at("optimizer"), Literal{std::string("adam")});
    EXPECT_EQ(fixed.at("beta1"), Literal{0.9});
    EXPECT_EQ(fixed.at("layers"), Literal{std::int64_t{2}});
    EXPECT_EQ(fixed.count("lr"), 0U) << "it is searched";
    EXPECT_EQ(fixed.count("momentum"), 0U) << "Adam has none";
    EXPECT_EQ(fixed.count("horizon"), 0U) << "the schedule is constant";
}

TEST(TrainerSection, TheHorizonOfACosineIsTheLargestResource) {
    EXPECT_EQ(parse(torch_head + "lr_schedule = \"cosine\"\n" + lr).trainer.fixed.at("horizon"), Literal{27.0});
    EXPECT_EQ(parse(torch_head + "lr_schedule = \"cosine\"\nhorizon = 9\n" + lr).trainer.fixed.at("horizon"),
              Literal{9.0});
}

TEST(TrainerSection, OneFormOfBetaReplacesTheOther) {
    const auto fixed = parse(torch_head + "optimizer = \"adam\"\none_minus_beta1 = 0.2\n" + lr).trainer.fixed;

    EXPECT_EQ(fixed.at("one_minus_beta1"), Literal{0.2});
    EXPECT_EQ(fixed.count("beta1"), 0U);
    EXPECT_THAT(errors_of(torch_head + "optimizer = \"adam\"\none_minus_beta1 = 0.2\nbeta1 = 0.8\n" + lr),
                ElementsAre(HasSubstr("same number")));
}

TEST(TrainerSection, ParametersThatItDoesNotUnderstand) {
    EXPECT_THAT(
        errors_of(torch_head + parameter("momentun", "type = \"real\"\nlow = 0\nhigh = 0.9")),
        ElementsAre(AllOf(HasSubstr("jobs/x.toml:9:8: space.momentun"), HasSubstr("did you mean \"momentum\"?"))));
}

TEST(TrainerSection, ParametersThatCannotMatter) {
    EXPECT_THAT(errors_of(torch_head + "optimizer = \"adam\"\n" +
                          parameter("momentum", "type = \"real\"\nlow = 0\nhigh = 0.9")),
                ElementsAre(HasSubstr("space.momentum is used only with optimizer = \"sgd\"; here it is \"adam\"")));
    EXPECT_THAT(errors_of(torch_head + "model = \"lenet\"\nwidth = 3\n" + lr),
                ElementsAre(HasSubstr("trainer.width is used only with model = \"mlp\"")));
    EXPECT_NO_THROW(parse(torch_head + parameter("optimizer", "type = \"categorical\"\nchoices = [\"sgd\", \"adam\"]") +
                          parameter("momentum", "type = \"real\"\nlow = 0\nhigh = 0.9") +
                          parameter("eps", "type = \"constant\"\nvalue = 1e-7")));
}

TEST(TrainerSection, DomainsThatItCannotTake) {
    EXPECT_THAT(errors_of(torch_head + parameter("dropout", "type = \"real\"\nlow = 0\nhigh = 1.5")),
                ElementsAre(HasSubstr("space.dropout.high must be a number in 0 .. 1; got 1.5")));
    EXPECT_THAT(errors_of(torch_head + parameter("layers", "type = \"real\"\nlow = 1\nhigh = 3")),
                ElementsAre(HasSubstr("space.layers.type must be \"integer\"")));
    EXPECT_THAT(
        errors_of(torch_head + parameter("activation", "type = \"categorical\"\nchoices = [\"relu\", \"tan\"]")),
        ElementsAre(HasSubstr("got \"tan\" (did you mean \"tanh\"?)")));
    EXPECT_THAT(errors_of(torch_head + parameter("nesterov", "type = \"integer\"\nlow = 0\nhigh = 1")),
                ElementsAre(HasSubstr("space.nesterov.type must be \"boolean\"")));
    EXPECT_THAT(errors_of(torch_head + parameter("lr", "type = \"boolean\"")),
                ElementsAre(HasSubstr("must not be \"boolean\"")));
    EXPECT_NO_THROW(parse(torch_head + parameter("batch_size", "type = \"ordinal\"\nlevels = [32, 64]") +
                          parameter("nesterov", "type = \"boolean\"")));
}

TEST(TrainerSection, OneValueInOnePlace) {
    EXPECT_THAT(errors_of(torch_head + "lr = 0.1\n" + lr),
                ElementsAre(HasSubstr("trainer.lr is a parameter of [space] too")));
}

TEST(TrainerSection, HypergradientsNeedATrainerThatDoesThem) {
    const auto defaults = parse(torch_head + lr + "role = \"hypergradient\"\n").trainer.hypergradient;
    ASSERT_TRUE(defaults);
    EXPECT_EQ(defaults->variant, "wd_lr_m");
    EXPECT_TRUE(parse(torch_head + lr + "role = \"mutable_hypergradient\"\n").trainer.hypergradient);
    EXPECT_FALSE(parse(torch_head + lr).trainer.hypergradient);
    const auto given =
        parse(torch_head + "hypergradient = { variant = \"baydin\", split = 1, skip_nonfinite = true }\n" + lr)
            .trainer.hypergradient;
    ASSERT_TRUE(given);
    EXPECT_EQ(given->variant, "baydin");
    EXPECT_EQ(given->split, 1);
    EXPECT_TRUE(given->skip_nonfinite);
    EXPECT_THAT(errors_of(torch_head + "hypergradient = { terms = 0 }\n" + lr),
                ElementsAre(HasSubstr("trainer.hypergradient.terms must be an integer in 1 .. 1000; got 0")));
    EXPECT_THAT(errors_of(toy_job + "role = \"hypergradient\"\n"),
                ElementsAre(HasSubstr("is \"hypergradient\", which trainer.type = \"toy\" cannot do")));
    EXPECT_THAT(errors_of(toy_job + "role = \"mutable_hypergradient\"\n"),
                ElementsAre(HasSubstr("is \"mutable_hypergradient\", which trainer.type = \"toy\" cannot do")));
}

TEST(TrainerSection, DefaultsOfAModelsOwn) {
    const auto fixed = [](const std::string& keys) { return parse(torch_head + keys + lr).trainer.fixed; };
    EXPECT_EQ(fixed("").at("width"), Literal{std::int64_t{128}});
    EXPECT_EQ(fixed("model = \"resnet18\"\n").at("width"), Literal{std::int64_t{64}});
    EXPECT_EQ(fixed("model = \"resnet18\"\nwidth = 8\n").at("width"), Literal{std::int64_t{8}});
    EXPECT_EQ(fixed("model = \"resnet18\"\n").count("layers"), 0U);
    const auto lstm = fixed("data = \"text\"\npath = \"a.txt\"\nmodel = \"lstm\"\ngradient_clip = 0.25\n");
    EXPECT_EQ(lstm.at("width"), Literal{std::int64_t{650}});
    EXPECT_EQ(lstm.at("layers"), Literal{std::int64_t{2}});
    EXPECT_EQ(lstm.at("sequence"), Literal{std::int64_t{70}});
    EXPECT_EQ(lstm.at("gradient_clip"), Literal{0.25});
    EXPECT_THAT(errors_of(torch_head + "sequence = 5\n" + lr),
                ElementsAre(HasSubstr("trainer.sequence is used only with model = \"lstm\"; here it is \"mlp\"")));
}

TEST(TrainerSection, LargeNetworksNeedTheirData) {
    const auto refused = [](const std::string& keys, const std::string& text) {
        EXPECT_THAT(errors_of(torch_head + keys + lr), ElementsAre(HasSubstr(text))) << keys;
    };
    refused("data = \"cifar10\"\nmodel = \"resnet18\"\n",
            "trainer.path is missing; data = \"cifar10\" needs the folder");
    refused("data = \"cifar10\"\npath = \"c\"\nmodel = \"lenet\"\n",
            "must be \"mlp\", \"resnet18\" or \"torchscript\" for data = \"cifar10\": a LeNet takes");
    refused("data = \"cifar_10\"\npath = \"c\"\n", "did you mean \"cifar10\"?");
    refused("data = \"csv\"\npath = \"a.csv\"\nmodel = \"resnet18\"\n", "a ResNet takes images");
    refused("data = \"text\"\nmodel = \"lstm\"\n", "trainer.path is missing; data = \"text\" needs a plain text");
    refused("data = \"text\"\npath = \"a.txt\"\n", "trainer.model must be \"lstm\" for data = \"text\"");
    refused(
        "model = \"lstm\"\n",
        "must be \"mlp\", \"lenet\", \"resnet18\" or \"torchscript\" for data = \"fashion_mnist\": an LSTM takes text");
    EXPECT_NO_THROW(parse(torch_head + "model = \"resnet18\"\n" + lr)) << "Fashion-MNIST has images";
}

TEST(TrainerSection, DataAndModelThatDoNotFit) {
    EXPECT_THAT(errors_of(torch_head + "data = \"csv\"\n" + lr), ElementsAre(HasSubstr("trainer.path is missing")));
    EXPECT_THAT(errors_of(torch_head + "data = \"csv\"\npath = \"a.csv\"\nmodel = \"lenet\"\n" + lr),
                ElementsAre(HasSubstr("a LeNet takes images")));
    EXPECT_THAT(errors_of(torch_head + "target = \"y\"\n" + lr),
                ElementsAre(HasSubstr("trainer.target is used only with data = \"csv\"")));
    EXPECT_THAT(errors_of(torch_head + "data = \"csv\"\npath = \"a.csv\"\nvalid = 0.5\ntest = 0.6\n" + lr),
                ElementsAre(HasSubstr("leave rows to train on")));
}

TEST(TrainerSection, TheFormerNameOfTheOptimizerIsUnderstood) {
    const auto searched = [](const std::string& name) {
        return torch_head + parameter(name, "type = \"categorical\"\nchoices = [\"adam\", \"adamw\"]") + lr;
    };
    const auto job = parse(torch_head + "optimizer = \"adam\"\n" + lr);
    EXPECT_EQ(job.trainer.fixed.at("optimizer"), Literal{std::string("adam")});
    EXPECT_EQ(job.trainer.fixed.count("optimiser"), 0U);
    EXPECT_TRUE(job.notes.empty());

    const auto former = parse(searched("optimiser"));
    EXPECT_EQ((*former.space)[0].name, "optimiser") << "the space keeps its names, as run files have them";
    EXPECT_EQ((*former.space)[0].role, Role::fixed) << "as with today's name";
    EXPECT_EQ(former.trainer.fixed, parse(searched("optimizer")).trainer.fixed);
    EXPECT_EQ(former.trainer.fixed.count("optimizer"), 0U) << "it is searched";
    EXPECT_EQ(former.trainer.fixed.count("momentum"), 0U) << "Adam has none";
    EXPECT_EQ(former.trainer.fixed.at("beta1"), Literal{0.9});

    EXPECT_THAT(errors_of(searched("optimiser") + parameter("optimizer", "type = \"constant\"\nvalue = \"sgd\"")),
                Contains(HasSubstr("space.optimiser is another name of optimizer, which is given too")));
    EXPECT_THAT(errors_of(with(searched("optimiser"), torch_head, torch_head + "optimizer = \"adam\"\n")),
                ElementsAre(HasSubstr("trainer.optimizer is a parameter of [space] too")));
}

TEST(TrainerSection, TheJobsMetricIsAmongThoseThatAreReported) {
    const auto program = [](const std::string& keys) {
        return with(toy_job, "type = \"toy\"", "type = \"process\"\ncommand = [\"x\"]\n" + keys);
    };
    const auto metrics = [](const std::string& text) { return parse(text).trainer.as<ProgramSettings>().reported; };
    EXPECT_THAT(metrics(program("")).metrics, ElementsAre("valid_loss"));
    EXPECT_THAT(metrics(program("metrics = [\"a\", \"valid_loss\"]\nheld_out = [\"a\"]")).held_out, ElementsAre("a"));
    EXPECT_THAT(
        errors_of(program("metrics = [\"valid_los\"]")),
        ElementsAre(AllOf(HasSubstr("trainer.metrics must have \"valid_loss\", by which [metric] ranks members"),
                          HasSubstr("did you mean \"valid_los\"?"))));
    EXPECT_THAT(errors_of(with(toy_job, "type = \"toy\"", "type = \"ask\"\nmetrics = [\"loss\"]")),
                ElementsAre(HasSubstr("trainer.metrics must have \"valid_loss\"")));
    EXPECT_THAT(errors_of(program("held_out = [\"valid_loss\"]")),
                ElementsAre(HasSubstr("trainer.held_out must not have \"valid_loss\"")));
    EXPECT_THAT(errors_of(program("metrics = [\"valid_loss\", \"\"]")),
                ElementsAre(HasSubstr("trainer.metrics must be a list of texts that are not empty")));
}

TEST(TrainerSection, TheToyTakesAnyParameterButNoHyperparameter) {
    EXPECT_NO_THROW(parse(toy_job + parameter("anything", "type = \"boolean\"")));
    EXPECT_THAT(errors_of(toy_job, {"trainer.lr=0.1"}),
                ElementsAre(HasSubstr("has no meaning with type = \"toy\", only with \"torch\"")));
    EXPECT_DOUBLE_EQ(parse(toy_job, {"trainer.cost=20ms"}).trainer.as<ToySettings>().seconds_per_unit, 0.02);
}

}  // namespace
}  // namespace stemma::job_test
