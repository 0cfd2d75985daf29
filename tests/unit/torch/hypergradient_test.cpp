// Hypergradients against numbers worked out elsewhere, closed forms, exact inverses and finite differences.
#include <gtest/gtest.h>
#include <torch/torch.h>

#include <cmath>
#include <limits>
#include <numbers>

#include "trainer/torch/hypergradient/raw_values.hpp"
#include "trainer/torch/hypergradient/recorded_update.hpp"
#include "trainer/torch/optimizer_code.hpp"
#include "unit/torch/small_network.hpp"

namespace stemma {
namespace {

using namespace test;

/// Two quadratic losses in two weights: L_T = 1/2 (w-b)'A(w-b), L_V = 1/2 |w-c|^2.
struct Quadratic {
    torch::Tensor a = torch::tensor({{2.0, 0.5}, {0.5, 1.0}}, f64);
    torch::Tensor b = vector({1, -2}), c = vector({0.5, 0.25});
    torch::Tensor w = vector({0.3, -0.7}).requires_grad_();

    torch::Tensor train() const { return 0.5 * (w - b).dot(a.matmul(w - b)); }
    torch::Tensor valid() const { return 0.5 * (w - c).square().sum(); }
};

UsedValues used_values(const torch::Tensor& raw_lr, double raw_wd, double raw_m, double raw_beta2 = 3) {
    UsedValues used;
    used.value[0] = used_from_raw(Hyper::lr, raw_lr);
    used.value[1] = used_from_raw(Hyper::weight_decay, torch::tensor(raw_wd, f64));
    used.value[2] = used_from_raw(Hyper::momentum, torch::tensor(raw_m, f64));
    used.value[3] = used_from_raw(Hyper::beta2, torch::tensor(raw_beta2, f64));
    return used;
}

torch::Tensor raw_part(const PerHyper<torch::Tensor>& gradient, const UsedValues& used, Hyper hyper) {
    const auto number = static_cast<std::size_t>(hyper);
    return gradient[number] * slope(hyper, used.value[number]);
}

std::unique_ptr<Curvature> by_autograd(const FlatParameters& parameters, const torch::Tensor& loss, double clip = 0) {
    return std::make_unique<AutogradCurvature>(parameters.parameters(), loss, clip);
}

struct Fixture {
    Quadratic q;
    FlatParameters parameters{{q.w}};
    std::unique_ptr<UpdateRule> rule = make_update_rule("sgd", 1e-8, false);
    Moments moments{3, vector({0.2, -0.1}), {}, {}};
    HypergradientSettings settings;
    torch::Tensor truncated;

    std::unique_ptr<Curvature> train() const { return by_autograd(parameters, q.train()); }

    PerHyper<torch::Tensor> implicit(const RecordedUpdate& last) {
        parameters.point_to(last.after());
        const auto v = plain_gradient(parameters, q.valid(), 0);
        return implicit_hypergradient(parameters, last, v, settings, truncated);
    }
};

TEST(Hypergradient, QuadraticFixtureWithOneLearningRate) {
    Fixture f;
    const auto used = used_values(torch::tensor(-1.0, f64), -2, 0.4);
    const RecordedUpdate last(f.parameters, f.train(), *f.rule, f.moments, used);
    expect_near(f.moments.first, vector({-0.62726246797751, 0.883131233988755}));
    expect_near(last.after(), vector({0.362726246797751, -0.788313123398875}));
    f.parameters.point_to(last.after());
    const auto v = plain_gradient(f.parameters, f.q.valid(), 0);
    f.parameters.point_to(last.before());
    expect_near(neumann_series(last, v, f.settings).sum, vector({-0.082634103787464, -4.214258013735403}));
    const auto gradient = f.implicit(last);
    EXPECT_NEAR(raw_part(gradient, used, Hyper::lr).item<double>(), 0.845027915633029, tolerance);
    EXPECT_NEAR(raw_part(gradient, used, Hyper::weight_decay).item<double>(), -0.006735499759654, tolerance);
    EXPECT_NEAR(raw_part(gradient, used, Hyper::momentum).item<double>(), -0.009728133103280, tolerance);
}

TEST(Hypergradient, QuadraticFixtureWithALearningRateForEachWeight) {
    Fixture f;
    const auto used = used_values(vector({-1, -1.5}), -2, 0.4);
    const RecordedUpdate last(f.parameters, f.train(), *f.rule, f.moments, used);
    expect_near(last.after(), vector({0.362726246797751, -0.727927061722396}));
    expect_near(raw_part(f.implicit(last), used, Hyper::lr), vector({-0.048993320466908, 0.291917397168722}));
}

/// The closed forms against automatic differentiation, with cotangents on update and buffer.
TEST(Hypergradient, ClosedFormsOfSgdAgreeWithAutograd) {
    torch::manual_seed(1);
    const auto rule = make_update_rule("sgd", 1e-8, false);
    const auto random = [] { return torch::randn({5}, f64); };
    for (const bool first : {true, false}) {
        for (const auto& raw_lr : {torch::tensor(-0.7, f64), torch::randn({5}, f64) - 1}) {
            const Moments moments{first ? 0 : 7, first ? torch::Tensor() : random(), {}, {}};
            const auto gradient = random(), weights = random();
            const auto used = used_values(raw_lr, -1.3, 0.9);
            const auto [closed, by_hand] = rule->linearize(gradient, weights, moments, used);
            const auto [same, by_autograd] = rule->linearize_by_autograd(gradient, weights, moments, used);
            expect_near(closed.update, same.update);
            const Cotangents cotangents{random(), random(), {}, {}};
            const auto found = by_hand->pull(cotangents, true, true),
                       expected = by_autograd->pull(cotangents, true, true);
            expect_near(found.gradient, expected.gradient);
            expect_near(found.weights, expected.weights);
            expect_near(found.used[0], expected.used[0]);
            expect_near(found.used[1], expected.used[1]);
            EXPECT_EQ(found.first.defined(), !first);
            EXPECT_EQ(found.used[2].defined(), !first);
            if (first) continue;
            expect_near(found.first, expected.first);
            expect_near(found.used[2], expected.used[2]);
        }
    }
}

/// Adam's against automatic differentiation: first and later updates, one learning rate and one for each weight, a
/// weight without any gradient, a parent with and without largest second moments.
TEST(Hypergradient, ClosedFormsOfAdamAgreeWithAutograd) {
    torch::manual_seed(1);
    const auto random = [] { return torch::randn({5}, f64); };
    const std::vector<std::tuple<std::string, bool, bool, bool>> cases{
        {"adam", false, true, false}, {"adam", true, true, false},   {"adam", false, false, false},
        {"adam", true, false, true},  {"adam", true, false, false},  {"adamw", false, true, false},
        {"adamw", true, false, true}, {"adamw", false, false, false}};
    for (const auto& [name, amsgrad, first, largest] : cases) {
        SCOPED_TRACE(testing::Message() << name << amsgrad << first << largest);
        const auto rule = make_update_rule(name, 1e-2, amsgrad);
        for (const auto& raw_lr : {torch::tensor(-0.7, f64), torch::randn({5}, f64) - 1}) {
            auto gradient = random(), weights = random(), mean = random(), square = random().square();
            for (auto* one : {&gradient, &weights, &mean, &square}) (*one)[4] = 0;  // behind a dead ReLU
            auto most = random().square();
            most[4] = 0;
            const Moments moments = first ? Moments{} : Moments{7, mean, square, largest ? most : torch::Tensor()};
            auto used = used_values(raw_lr, -1.3, 0.9);
            used.value[3] = torch::tensor(0.95, f64);
            const auto [closed, by_hand] = rule->linearize(gradient, weights, moments, used);
            const auto [same, by_autograd] = rule->linearize_by_autograd(gradient, weights, moments, used);
            expect_near(closed.update, same.update);
            expect_near(closed.moments.second, same.moments.second);
            const Cotangents cotangents{random(), {}, {}, {}};
            const auto found = by_hand->pull(cotangents, true, false),
                       expected = by_autograd->pull(cotangents, true, false);
            expect_near(found.gradient, expected.gradient);
            expect_near(found.weights, expected.weights);
            for (std::size_t hyper = 0; hyper < hyper_count; ++hyper)
                expect_near(found.used[hyper], expected.used[hyper]);
            if (first) continue;
            const Cotangents also{random(), random(), random(), {}};
            expect_near(by_hand->pull(also, true, true).first, by_autograd->pull(also, true, true).first);
        }
    }
}

/// Loss, gradient and Hessian products of ReLU networks by hand against automatic differentiation.
TEST(Hypergradient, CurvatureByHandAgreesWithAutograd) {
    torch::manual_seed(11);
    for (const std::int64_t classes : {0, 3}) {
        for (const std::vector<std::int64_t>& widths : {std::vector<std::int64_t>{4}, {4, 6}, {4, 6, 5}}) {
            auto sizes = widths;
            sizes.push_back(classes > 0 ? classes : 1);
            std::vector<torch::Tensor> parameters, vectors;
            for (std::size_t layer = 0; layer + 1 < sizes.size(); ++layer) {
                parameters.push_back(torch::randn({sizes[layer + 1], sizes[layer]}, f64).requires_grad_());
                parameters.push_back(torch::randn({sizes[layer + 1]}, f64).requires_grad_());
            }
            for (const auto& one : parameters) vectors.push_back(torch::randn_like(one.detach()));
            const auto x = torch::randn({7, 4}, f64);
            const auto y = classes > 0 ? torch::randint(classes, {7}, torch::kInt64) : torch::randn({7}, f64);
            auto output = x;
            for (std::size_t layer = 0; layer + 1 < sizes.size(); ++layer) {
                if (layer > 0) output = torch::relu(output);
                output = torch::linear(output, parameters[2 * layer], parameters[2 * layer + 1]);
            }
            const AutogradCurvature expected(
                parameters,
                classes > 0 ? torch::nll_loss(torch::log_softmax(output, 1), y) : torch::mse_loss(output.squeeze(1), y),
                0);
            const ReluMlpCurvature found(parameters, x, y);
            expect_near(found.loss(), expected.loss());
            const auto by_hand = found.times(vectors), by_graph = expected.times(vectors);
            for (std::size_t i = 0; i < parameters.size(); ++i) {
                expect_near(found.gradients()[i], expected.gradients()[i].detach());
                expect_near(by_hand[i], by_graph[i].defined() ? by_graph[i] : torch::zeros_like(by_hand[i]));
            }
        }
    }
}

TEST(Hypergradient, SeriesConvergesToTheInverse) {
    Fixture f;
    f.settings.terms = 400;
    const auto used = used_values(torch::tensor(std::log10(0.3), f64), -1, 0.4);
    const RecordedUpdate last(f.parameters, f.train(), *f.rule, f.moments, used);
    const auto v = vector({1.5, -0.25});
    const auto jacobian = 0.3 * (f.q.a + 0.1 * torch::eye(2, f64));
    const auto exact = torch::inverse(jacobian).matmul(v);
    expect_near(neumann_series(last, v, f.settings).sum, exact);
    f.settings.damping = 0.5;
    expect_near(neumann_series(last, v, f.settings).sum, exact);
}

TEST(Hypergradient, OneTermIsTheValidationGradient) {
    Fixture f;
    f.settings.terms = 1;
    const RecordedUpdate last(f.parameters, f.train(), *f.rule, f.moments,
                              used_values(torch::tensor(-1.0, f64), -2, 0.4));
    const auto v = vector({1, 2});
    EXPECT_TRUE(neumann_series(last, v, f.settings).sum.equal(v));
}

TEST(Hypergradient, FirstUpdateHasNoBufferAndNoMomentumsGradient) {
    Fixture f;
    f.moments = {};
    const RecordedUpdate last(f.parameters, f.train(), *f.rule, f.moments,
                              used_values(torch::tensor(-1.0, f64), -2, 0.4));
    const auto gradient = f.implicit(last);
    EXPECT_FALSE(gradient[2].defined());
    EXPECT_TRUE(gradient[0].defined());
}

TEST(Hypergradient, WeightDecayThatUnderflowsToZeroStaysFinite) {
    auto w = torch::tensor({0.3F, -0.7F}).requires_grad_();
    FlatParameters parameters({w});
    const auto rule = make_update_rule("sgd", 1e-8, false);
    RawValues values({.used = {0.1, 1e-300, 0.5, 0.9}, .moves = {true, true, true, false}}, 0,
                     parameters.flat().options(), {});
    EXPECT_EQ(values.used()[Hyper::weight_decay].item<float>(), 0);
    Moments moments;
    const RecordedUpdate last(parameters, by_autograd(parameters, w.square().sum()), *rule, moments, values.used());
    torch::Tensor truncated;
    values.step(implicit_hypergradient(parameters, last, torch::ones({2}), {}, truncated));
    EXPECT_TRUE(values.raw().narrow(0, 0, 1).isfinite().all().item<bool>());
    EXPECT_EQ(values.used()[Hyper::weight_decay].item<float>(), 0);
}

TEST(Hypergradient, SeriesThatDivergesIsTruncated) {
    Fixture f;
    f.settings.terms = 50;
    const RecordedUpdate last(f.parameters, f.train(), *f.rule, f.moments,
                              used_values(torch::tensor(1.0, f64), -2, 0.4));  // lr 10
    const auto v = vector({1, -0.5});
    EXPECT_GT(neumann_series(last, v, f.settings).sum.norm().item<double>(), 1e10);
    f.settings.truncate = true;
    const auto series = neumann_series(last, v, f.settings);
    EXPECT_EQ(series.truncated.item<double>(), 1);
    expect_near(series.sum, v);
}

constexpr std::int64_t window = 5;

/// Validation loss after five updates from the start with these raw values, made one by one.
double loss_after(const std::string& optimizer, bool amsgrad, const std::vector<double>& raw, double clip) {
    SmallNetwork network;
    FlatParameters parameters(network.parameters);
    const auto rule = make_update_rule(optimizer, 1e-8, amsgrad);
    const auto used = used_values(torch::tensor(raw[0], f64), raw[1], raw[2], raw[3]);
    Moments moments;
    for (std::int64_t i = 0; i < window; ++i) {
        const auto gradient = plain_gradient(parameters, network.loss(network.x, network.y), clip);
        const torch::NoGradGuard no_grad;
        auto result = rule->apply(gradient, parameters.flat(), moments, used);
        parameters.point_to(parameters.flat() - result.update);
        moments = result.moments;
    }
    return network.loss(network.valid_x, network.valid_y).item<double>();
}

class Unrolled : public testing::TestWithParam<std::tuple<std::string, bool, double>> {};

TEST_P(Unrolled, AgreesWithFiniteDifferences) {
    const auto& [optimizer, amsgrad, clip] = GetParam();
    const std::vector<double> raw = {-1, -1.5, 0.8, 2};
    SmallNetwork network;
    FlatParameters parameters(network.parameters);
    const auto rule = make_update_rule(optimizer, 1e-8, amsgrad);
    const auto used = used_values(torch::tensor(raw[0], f64), raw[1], raw[2], raw[3]);
    Moments moments;
    std::vector<RecordedUpdate> updates;
    for (std::int64_t i = 0; i < window; ++i) {
        updates.emplace_back(parameters, by_autograd(parameters, network.loss(network.x, network.y), clip), *rule,
                             moments, used);
        parameters.point_to(updates.back().after());
    }
    const auto v = plain_gradient(parameters, network.loss(network.valid_x, network.valid_y), 0);
    const auto gradient = unrolled_hypergradient(parameters, updates, v);
    const double h = 1e-5;
    for (std::size_t hyper = 0; hyper < (optimizer == "sgd" ? 3U : 4U); ++hyper) {
        auto above = raw, below = raw;
        above[hyper] += h, below[hyper] -= h;
        const double expected =
            (loss_after(optimizer, amsgrad, above, clip) - loss_after(optimizer, amsgrad, below, clip)) / (2 * h);
        const double found = raw_part(gradient, used, static_cast<Hyper>(hyper)).item<double>();
        EXPECT_NEAR(found, expected, 1e-7 * std::max(1.0, std::abs(expected))) << "hyperparameter " << hyper;
        EXPECT_NE(found, 0);
    }
}

INSTANTIATE_TEST_SUITE_P(Rules, Unrolled,
                         testing::Values(std::tuple{"sgd", false, 0.0}, std::tuple{"sgd", false, 0.3},
                                         std::tuple{"adam", false, 0.0}, std::tuple{"adam", true, 0.0},
                                         std::tuple{"adamw", false, 0.0}, std::tuple{"adamw", true, 0.3}),
                         [](const auto& one) {
                             return std::get<0>(one.param) + (std::get<1>(one.param) ? "Amsgrad" : "") +
                                    (std::get<2>(one.param) > 0 ? "Clipped" : "");
                         });

TEST(Hypergradient, UnrolledThroughOneUpdateIsOneTermOfTheSeries) {
    Fixture f;
    const auto used = used_values(torch::tensor(-1.0, f64), -2, 0.4);
    std::vector<RecordedUpdate> updates;
    updates.emplace_back(f.parameters, f.train(), *f.rule, f.moments, used);
    f.settings.terms = 1;
    const auto implicit = f.implicit(updates[0]);
    f.parameters.point_to(updates[0].after());
    const auto exact = unrolled_hypergradient(f.parameters, updates, plain_gradient(f.parameters, f.q.valid(), 0));
    for (std::size_t hyper = 0; hyper < 3; ++hyper) expect_near(exact[hyper], implicit[hyper]);
}

class LikeLibTorch : public testing::TestWithParam<std::tuple<std::string, bool, bool>> {};

/// The rules are LibTorch's optimizers.
TEST_P(LikeLibTorch, MakesTheSameUpdates) {
    const auto& [name, amsgrad, host] = GetParam();
    SmallNetwork ours, theirs;
    FlatParameters parameters(ours.parameters);
    const auto rule = make_update_rule(name, 1e-8, amsgrad);
    UsedValues used;
    const std::array<double, 4> values = {0.05, 0.01, 0.8, 0.95};
    for (std::size_t i = 0; i < 4; ++i) used.value[i] = torch::tensor(values[i], f64);
    if (host) used.host = values;
    std::unique_ptr<torch::optim::Optimizer> optimizer;
    const auto betas = std::make_tuple(0.8, 0.95);
    namespace optim = torch::optim;
    if (name == "sgd")
        optimizer =
            std::make_unique<optim::SGD>(theirs.parameters, optim::SGDOptions(0.05).momentum(0.8).weight_decay(0.01));
    if (name == "adam")
        optimizer = std::make_unique<optim::Adam>(
            theirs.parameters, optim::AdamOptions(0.05).betas(betas).weight_decay(0.01).amsgrad(amsgrad));
    if (name == "adamw")
        optimizer = std::make_unique<optim::AdamW>(
            theirs.parameters, optim::AdamWOptions(0.05).betas(betas).weight_decay(0.01).amsgrad(amsgrad));
    Moments moments;
    for (int i = 0; i < 20; ++i) {
        auto weights = parameters.flat();
        rule->advance(weights, plain_gradient(parameters, ours.loss(ours.x, ours.y), 0), moments, used);
        optimizer->zero_grad();
        theirs.loss(theirs.x, theirs.y).backward();
        optimizer->step();
    }
    for (std::size_t i = 0; i < 3; ++i) expect_near(ours.parameters[i].detach(), theirs.parameters[i].detach());
}

INSTANTIATE_TEST_SUITE_P(Rules, LikeLibTorch,
                         testing::Combine(testing::Values("sgd", "adam", "adamw"), testing::Bool(), testing::Bool()),
                         [](const auto& one) {
                             return std::get<0>(one.param) + (std::get<1>(one.param) ? "Amsgrad" : "") +
                                    (std::get<2>(one.param) ? "OnTheHost" : "");
                         });

}  // namespace
}  // namespace stemma
