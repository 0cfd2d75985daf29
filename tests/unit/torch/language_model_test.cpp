// The LSTM and text: streams, the composed layer and its derivatives, clipping, learning, hypergradients, continuation.
#include <gmock/gmock.h>

#include <cmath>
#include <cstring>

#include "core/error.hpp"
#include "trainer/torch/data/text_data.hpp"
#include "trainer/torch/hypergradient/curvature.hpp"
#include "trainer/torch/hypergradient/flat_parameters.hpp"
#include "trainer/torch/hypergradient/recorded_update.hpp"
#include "trainer/torch/networks/lstm.hpp"
#include "trainer/torch/optimizer.hpp"
#include "unit/torch/small_data.hpp"
#include "unit/torch/small_network.hpp"
#include "unit/torch/training.hpp"

namespace stemma {
namespace {

using namespace test;
using testing::AllOf;
using testing::DoubleEq;
using testing::HasSubstr;
using testing::ThrowsMessage;

TorchSettings text(const Fixed& fixed = {}) {
    TorchSettings settings;
    settings.data = "text";
    settings.path = text_file();
    settings.model = "lstm";
    settings.fixed = {{"width", std::int64_t{16}}, {"batch_size", std::int64_t{10}}, {"sequence", std::int64_t{20}}};
    for (const auto& [name, value] : fixed) settings.fixed[name] = value;
    return settings;
}

const auto empty_space = std::make_shared<const SearchSpace>();

const Point start{{"lr", 0.1}, {"weight_decay", 1e-5}, {"momentum", 0.5}};

/// The language model in double precision, with what a loss of it takes.
struct SmallModel {
    Data data;
    std::shared_ptr<Network> network;
    torch::Tensor x, y;

    explicit SmallModel(bool fused, double dropout = 0) {
        data.classes = 7;
        Hyperparameters h;
        h.width = 3, h.layers = 2, h.dropout = dropout;
        auto generator = at::make_generator<at::CPUGeneratorImpl>(3);
        network = make_lstm({data, h, {.fused = fused}, generator});
        network->to(torch::kFloat64);
        x = torch::arange(24).remainder(7).view({6, 4}), y = torch::arange(1, 25).remainder(5).view({6, 4});
    }
    torch::Tensor loss() const { return torch::nll_loss(torch::log_softmax(network->forward(x), 1), y.flatten()); }
};

TEST(Lstm, TheComposedLayerIsLibTorchs) {
    const SmallModel composed(false), fused(true);
    torch::Tensor state, fused_state;
    for (int batch = 0; batch < 2; ++batch) {  // the second one begins where the first ended
        expect_near(composed.network->forward_from(state, composed.x),
                    fused.network->forward_from(fused_state, fused.x),
                    1e-6);  // the state travels in float32
        expect_near(state, fused_state, 1e-6);
    }
    EXPECT_EQ(state.sizes(), (at::IntArrayRef{2, 2, 4, 3}));
    EXPECT_FALSE(state.requires_grad());
    const auto gradients = torch::autograd::grad({composed.loss()}, composed.network->parameters()),
               expected = torch::autograd::grad({fused.loss()}, fused.network->parameters());
    for (std::size_t i = 0; i < gradients.size(); ++i) expect_near(gradients[i], expected[i], 1e-12);
}

TEST(Lstm, AStateMattersAndAnUndefinedOneIsZero) {
    const SmallModel model(false);
    torch::Tensor state;
    const auto first = model.network->forward_from(state, model.x);
    expect_near(first, model.network->forward(model.x));
    EXPECT_FALSE(model.network->forward_from(state, model.x).equal(first));
    state = torch::zeros_like(state);
    expect_near(model.network->forward_from(state, model.x), first);
}

TEST(Lstm, WeightsAreWhatTheLayersNeed) {
    const SmallModel model(false);
    const auto parameters = model.network->named_parameters();
    EXPECT_EQ(parameters["embedding.weight"].sizes(), (at::IntArrayRef{7, 3}));
    EXPECT_EQ(parameters["lstm2.weight_hh"].sizes(), (at::IntArrayRef{12, 3}));
    EXPECT_EQ(parameters["decoder.weight"].sizes(), (at::IntArrayRef{7, 3}));
    EXPECT_EQ(parameters.size(), 1U + 2 * 4 + 2);
    EXPECT_LE(parameters["lstm1.bias_ih"].abs().max().item<double>(), 1 / std::sqrt(3.0));
}

/// H v of the clipped gradient, from differences of gradients that are clipped by what trains without graphs.
torch::Tensor product_by_differences(const SmallModel& model, FlatParameters& parameters, const torch::Tensor& v,
                                     double clip) {
    // <d(clip g)/dw . v> is not symmetric: times() gives the transposed product, one entry for each direction.
    constexpr double h = 1e-5;
    const auto at = parameters.flat().clone();
    auto product = torch::zeros_like(v);
    const auto along = [&](std::int64_t i, double step) {
        auto moved = at.clone();
        moved[i] += step;
        parameters.point_to(moved);
        return plain_gradient(parameters, model.loss(), clip).dot(v).item<double>();
    };
    for (std::int64_t i = 0; i < v.numel(); ++i) product[i] = (along(i, h) - along(i, -h)) / (2 * h);
    parameters.point_to(at);
    return product;
}

TEST(Lstm, SecondDerivativesAreThoseOfFiniteDifferencesAlsoClipped) {
    const SmallModel model(false);
    FlatParameters parameters(model.network->parameters());
    const auto length = plain_gradient(parameters, model.loss(), 0).norm().item<double>();
    const auto v = torch::sin(torch::arange(parameters.flat().numel(), f64));
    for (const double clip : {0.0, length / 3, 2 * length}) {
        const AutogradCurvature curvature(parameters.parameters(), model.loss(), clip);
        const auto gradient = parameters.joined(curvature.gradients());
        EXPECT_NEAR(gradient.norm().item<double>(), clip > 0 ? std::min(clip, length) : length,
                    1e-5 * length);  // 1e-6 is added to the norm
        expect_near(parameters.joined(curvature.times(parameters.split(v))),
                    product_by_differences(model, parameters, v, clip), 1e-8);
    }
}

TEST(GradientClip, IsThatOfTheDifferentiableOne) {
    const SmallModel model(true);
    auto parameters = model.network->parameters();
    for (const double clip : {0.0, 0.01, 100.0}) {
        const auto expected = clipped(torch::autograd::grad({model.loss()}, parameters), clip);
        for (auto& parameter : parameters) parameter.mutable_grad() = torch::Tensor();
        model.loss().backward();
        clip_gradients(parameters, clip);
        for (std::size_t i = 0; i < parameters.size(); ++i) expect_near(parameters[i].grad(), expected[i]);
    }
}

TEST(Text, IsCutIntoStreamsSideBySide) {
    Data flat;
    const auto numbers = torch::arange(1000, torch::kInt64);
    flat.train = {numbers.slice(0, 0, 23), numbers.slice(0, 1, 24)};
    flat.valid = {numbers.slice(0, 0, 150), numbers.slice(0, 1, 151)};
    flat.test = {numbers.slice(0, 0, 30), numbers.slice(0, 1, 31)};
    const auto data = in_streams(flat, 5);
    EXPECT_EQ(data.train.x.sizes(), (at::IntArrayRef{4, 5}));
    EXPECT_TRUE(data.train.x[1].equal(torch::tensor({1, 5, 9, 13, 17}, torch::kInt64)));
    EXPECT_TRUE(data.train.y.equal(data.train.x + 1));
    EXPECT_EQ(data.valid.x.sizes(), (at::IntArrayRef{75, 2})) << "streams of at least 70 steps";
    EXPECT_EQ(data.test.x.sizes(), (at::IntArrayRef{30, 1}));
    EXPECT_FALSE(data.tune.x.defined());
    EXPECT_THAT([&] { in_streams(flat, 24); }, ThrowsMessage<Infeasible>(HasSubstr("batch_size = 24 streams")));
}

TEST(Text, OneFileIsSplitByPlace) {
    auto settings = text();
    settings.valid = 200;
    settings.test = 0.25;
    const auto data = load_text(settings);  // 300 lines of 4 words
    EXPECT_EQ(data.train.size(), 1200 - 200 - 300 - 1);
    EXPECT_EQ(data.valid.size(), 199);
    EXPECT_EQ(data.test.size(), 299);
    EXPECT_EQ(data.classes, 4 + 3 + 3 + 2);
    EXPECT_TRUE(data.train.x.slice(0, 1).equal(data.train.y.slice(0, 0, -1)));
    settings.vocabulary = 3;
    EXPECT_EQ(load_text(settings).classes, 3);
    EXPECT_EQ(load_text(settings).train.x.max().item<std::int64_t>(), 2);
}

TEST(Text, ThreeFilesAreTheSplit) {
    auto settings = text();
    settings.path = treebank_folder();
    const auto data = load_text(settings);
    EXPECT_EQ(data.train.size(), 1199);
    EXPECT_EQ(data.valid.size(), 239);
    EXPECT_EQ(data.test.size(), 159);
    EXPECT_EQ(data.name, "Penn Treebank");
}

TEST(Text, ErrorsSayWhatWhereAndWhatToDo) {
    const auto refuses = [](const TorchSettings& settings, auto text) {
        EXPECT_THAT([&] { make_torch_trainer(settings, empty_space); }, ThrowsMessage<UserError>(text));
    };
    auto settings = text();
    settings.path = "/nowhere.txt";
    refuses(settings, AllOf(HasSubstr("/nowhere.txt"), HasSubstr("trainer.path"), HasSubstr("does not exist")));
    settings.path = "";
    refuses(settings, HasSubstr("trainer.path is missing"));
    settings.path = SmallData::folder().string();
    refuses(settings,
            AllOf(HasSubstr("no ptb.train.txt in"), HasSubstr("Mikolov"), HasSubstr("or name one plain text")));
    settings.path = treebank_folder();
    settings.valid = 0.1;
    refuses(settings, HasSubstr("leave them out"));
    settings = text();
    settings.valid = 0.9;
    settings.test = 0.2;
    refuses(settings, HasSubstr("has 1200 words"));
    settings = text();
    settings.model = "mlp";
    refuses(settings, HasSubstr("must be \"lstm\" for data = \"text\""));
    settings = text();
    settings.vocabulary = 1;
    refuses(settings, HasSubstr("trainer: vocabulary must be"));
    settings = text();
    settings.data = "texts";
    refuses(settings, HasSubstr("did you mean \"text\""));
}

TEST(LanguageModel, LearnsWhatFollowsAWord) {
    Training training(empty_space, text({{"optimizer", "adam"}, {"lr", 0.01}}), {});
    const auto trained = training.train(0, 15);
    const auto& last = trained.rows.back();
    const double first_loss = training.value(trained.rows.front(), "valid_loss");
    EXPECT_LT(training.value(last, "valid_loss"), 0.7 * first_loss);
    // The best possible is one of 4, of 3, of 3, and the end of the line: (ln 4 + 2 ln 3) / 4 = 0.896.
    EXPECT_LT(training.value(last, "valid_loss"), 1.1);
    EXPECT_GT(training.value(last, "test_loss"), 0.85);
    EXPECT_THAT(training.value(last, "valid_perplexity"), DoubleEq(std::exp(training.value(last, "valid_loss"))));
    EXPECT_THAT(training.value(last, "test_perplexity"), DoubleEq(std::exp(training.value(last, "test_loss"))));
    EXPECT_THAT(training.trainer->describe(), HasSubstr("small.txt, LSTM"));
}

TEST(LanguageModel, LibTorchsLstmAndTheComposedOneTrainAlike) {
    auto settings = text({{"lr", 0.5}, {"gradient_clip", 0.25}});
    Training fused(empty_space, settings, {});
    settings.fused = false;
    Training composed(empty_space, settings, {});
    const double expected = fused.value(fused.train(0, 2).rows.back(), "valid_loss");
    EXPECT_NEAR(composed.value(composed.train(0, 2).rows.back(), "valid_loss"), expected, 1e-4);
}

TEST(LanguageModel, MixedPrecisionTrains) {
    auto settings = text({{"lr", 0.5}});
    Training exact(empty_space, settings, {});
    settings.precision = "bf16";
    Training mixed(empty_space, settings, {});
    settings.fused = false;
    Training composed(empty_space, settings, {});
    const double expected = exact.value(exact.train(0, 3).rows.back(), "valid_loss");
    for (auto* training : {&mixed, &composed}) {
        const double found = training->value(training->train(0, 3).rows.back(), "valid_loss");
        EXPECT_NEAR(found, expected, 0.05);
        EXPECT_NE(found, expected);
    }
    settings.hypergradient = HypergradientSettings{.interval = 2};
    Training moving(sgd_space(), settings, start);
    EXPECT_TRUE(std::isfinite(moving.value(moving.train(0, 2).rows.back(), "hypergradient_norm")));
}

TEST(LanguageModel, HyperparametersMatter) {
    const std::vector<Fixed> variants = {{},
                                         {{"layers", std::int64_t{1}}},
                                         {{"width", std::int64_t{12}}},
                                         {{"dropout", 0.5}},
                                         {{"sequence", std::int64_t{10}}},
                                         {{"batch_size", std::int64_t{5}}},
                                         {{"gradient_clip", 0.01}}};
    std::vector<double> losses;
    for (const auto& fixed : variants) {
        auto with_rate = fixed;
        with_rate.insert({"lr", 0.5});
        Training training(empty_space, text(with_rate), {});
        losses.push_back(training.value(training.train(0, 2).rows.back(), "valid_loss"));
    }
    for (std::size_t a = 0; a < losses.size(); ++a) {
        for (std::size_t b = 0; b < a; ++b) EXPECT_NE(losses[a], losses[b]) << "variants " << b << " and " << a;
    }
}

TEST(LanguageModel, TheStateGoesOnWithinAPassAndTravels) {
    auto settings = text();
    settings.unit = "step";
    Training training(empty_space, settings, {});  // a pass has 95 steps: 5 batches
    const auto middle = training.train(0, 3), end = training.train(0, 5);
    const auto* state = middle.snapshot.find("training/state");
    ASSERT_NE(state, nullptr);
    EXPECT_EQ(state->shape, (std::vector<std::int64_t>{2, 2, 10, 16}));
    EXPECT_EQ(end.snapshot.find("training/state"), nullptr) << "a new pass begins without";
    EXPECT_TRUE(equal_content(training.train(3, 5, &middle.snapshot).snapshot, end.snapshot));
}

TEST(LanguageModel, AChildWithAnotherNumberOfStreamsBeginsThePassAgain) {
    auto settings = text();
    settings.unit = "step";
    Training parent(empty_space, settings, {});
    const auto middle = parent.train(0, 3);
    settings.fixed["batch_size"] = std::int64_t{4};
    Training child(empty_space, settings, {});  // 239 steps: 12 batches
    const auto trained = child.train(3, 5, &middle.snapshot, true);
    const auto* state = trained.snapshot.find("training/state");
    ASSERT_NE(state, nullptr);
    EXPECT_EQ(state->shape, (std::vector<std::int64_t>{2, 2, 4, 16}));
    const auto* position = trained.snapshot.find("training/position");
    ASSERT_NE(position, nullptr);
    const auto content = trained.snapshot.content(*position);
    std::int64_t row = 0;
    std::memcpy(&row, content.data() + 2 * sizeof row, sizeof row);
    EXPECT_EQ(row, 2 * 20);
}

TEST(LanguageModel, HypergradientsMoveAndHelp) {
    auto settings = text({{"gradient_clip", 0.25}});
    settings.valid = 0.2;
    settings.hypergradient = HypergradientSettings{};
    auto slow = start;
    slow[0].second = 0.05;
    Training moving(sgd_space(), settings, slow);
    settings.hypergradient->variant = "random";
    Training still(sgd_space(), settings, slow);
    const auto moved = moving.train(0, 12), stood = still.train(0, 12);
    EXPECT_LT(moving.value(moved.rows.back(), "valid_loss"), still.value(stood.rows.back(), "valid_loss"));
    EXPECT_GT(moving.value(moved.rows.back(), "hyper_lr"), 0.06);
    EXPECT_TRUE(std::isfinite(moving.value(moved.rows.back(), "hypergradient_norm")));
    EXPECT_NE(moving.value(moved.rows.back(), "hyper_momentum"), 0.5);
    EXPECT_NE(moving.value(moved.rows.back(), "hyper_weight_decay"), 1e-5);
}

TEST(LanguageModel, GoesOnBitForBitFromAnyStepWhileHyperparametersMove) {
    for (const auto& variant : hypergradient_variants()) {
        auto settings =
            text({{"gradient_clip", 0.5}, {"dropout", 0.2}, {"width", std::int64_t{6}}, {"sequence", std::int64_t{8}}});
        settings.unit = "step";
        settings.hypergradient = HypergradientSettings{
            .variant = variant, .interval = 4, .terms = 3, .window = 3, .reset = variant == "unrolled", .split = 1};
        Training training(sgd_space(), settings, start);
        const auto whole = training.train(0, 14);
        for (const Resource cut : {3, 7, 13}) {  // a pass has 12 batches
            const auto first = training.train(0, cut);
            EXPECT_TRUE(equal_content(training.train(cut, 14, &first.snapshot).snapshot, whole.snapshot))
                << variant << " cut after " << cut;
        }
    }
}

TEST(LanguageModel, TheClipOfTheHypergradientsKeyIsTheSame) {
    auto by_hyperparameter = text({{"gradient_clip", 0.1}}), by_key = text();
    by_hyperparameter.hypergradient = by_key.hypergradient = HypergradientSettings{.interval = 5};
    by_key.hypergradient->gradient_clip = 0.1;
    Training first(sgd_space(), by_hyperparameter, start), second(sgd_space(), by_key, start);
    EXPECT_TRUE(equal_content(first.train(0, 3).snapshot, second.train(0, 3).snapshot));
    by_key.hypergradient->gradient_clip = 0;
    Training unlimited(sgd_space(), by_key, start);
    EXPECT_FALSE(equal_content(unlimited.train(0, 3).snapshot, second.train(0, 3).snapshot));
}

}  // namespace
}  // namespace stemma
