// Hypergradients against numbers worked out elsewhere, closed forms, exact inverses and finite differences.
#include <gtest/gtest.h>
#include <torch/torch.h>

#include <cmath>
#include <limits>
#include <numbers>

#include "trainer/torch/hypergradient/one_pass.hpp"
#include "trainer/torch/hypergradient/recorded_update.hpp"

namespace stemma {
namespace {

constexpr double tolerance = 1e-12;
const auto f64 = torch::TensorOptions().dtype(torch::kFloat64);

torch::Tensor vector(std::initializer_list<double> values) { return torch::tensor(std::vector<double>(values), f64); }

void expect_near(const torch::Tensor& found, const torch::Tensor& expected, double allowed = tolerance) {
    ASSERT_EQ(found.numel(), expected.numel());
    const auto difference = (found.reshape({-1}) - expected.reshape({-1})).abs().max().item<double>();
    EXPECT_LE(difference, allowed) << found << "\nexpected\n" << expected;
}

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

struct Fixture {
    Quadratic q;
    FlatParameters parameters{{q.w}};
    std::unique_ptr<UpdateRule> rule = make_update_rule("sgd", 1e-8, false);
    Moments moments{3, vector({0.2, -0.1}), {}, {}};
    HypergradientSettings settings;
    torch::Tensor truncated;

    PerHyper<torch::Tensor> implicit(const RecordedUpdate& last) {
        parameters.point_to(last.after());
        const auto v = plain_gradient(parameters, q.valid(), 0);
        return implicit_hypergradient(parameters, last, v, settings, truncated);
    }
};

TEST(Hypergradient, QuadraticFixtureWithOneLearningRate) {
    Fixture f;
    const auto used = used_values(torch::tensor(-1.0, f64), -2, 0.4);
    const RecordedUpdate last(f.parameters, f.q.train(), 0, *f.rule, f.moments, used);
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
    const RecordedUpdate last(f.parameters, f.q.train(), 0, *f.rule, f.moments, used);
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
            const auto [closed, by_hand] = rule->linearise(gradient, weights, moments, used);
            const auto [same, by_autograd] = rule->linearise_by_autograd(gradient, weights, moments, used);
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

TEST(Hypergradient, SeriesConvergesToTheInverse) {
    Fixture f;
    f.settings.terms = 400;
    const auto used = used_values(torch::tensor(std::log10(0.3), f64), -1, 0.4);
    const RecordedUpdate last(f.parameters, f.q.train(), 0, *f.rule, f.moments, used);
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
    const RecordedUpdate last(f.parameters, f.q.train(), 0, *f.rule, f.moments,
                              used_values(torch::tensor(-1.0, f64), -2, 0.4));
    const auto v = vector({1, 2});
    EXPECT_TRUE(neumann_series(last, v, f.settings).sum.equal(v));
}

TEST(Hypergradient, FirstUpdateHasNoBufferAndNoMomentumsGradient) {
    Fixture f;
    f.moments = {};
    const RecordedUpdate last(f.parameters, f.q.train(), 0, *f.rule, f.moments,
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
    const RecordedUpdate last(parameters, w.square().sum(), 0, *rule, moments, values.used());
    torch::Tensor truncated;
    values.step(implicit_hypergradient(parameters, last, torch::ones({2}), {}, truncated));
    EXPECT_TRUE(values.raw().narrow(0, 0, 1).isfinite().all().item<bool>());
    EXPECT_EQ(values.used()[Hyper::weight_decay].item<float>(), 0);
}

TEST(Hypergradient, SeriesThatDivergesIsTruncated) {
    Fixture f;
    f.settings.terms = 50;
    const RecordedUpdate last(f.parameters, f.q.train(), 0, *f.rule, f.moments,
                              used_values(torch::tensor(1.0, f64), -2, 0.4));  // lr 10
    const auto v = vector({1, -0.5});
    EXPECT_GT(neumann_series(last, v, f.settings).sum.norm().item<double>(), 1e10);
    f.settings.truncate = true;
    const auto series = neumann_series(last, v, f.settings);
    EXPECT_EQ(series.truncated.item<double>(), 1);
    expect_near(series.sum, v);
}

/// Losses of a small network on fixed data, for checks against finite differences.
struct SmallNetwork {
    torch::Tensor x, y, valid_x, valid_y;
    std::vector<torch::Tensor> start, parameters;

    SmallNetwork() {
        torch::manual_seed(3);
        x = torch::randn({8, 3}, f64), y = torch::randn({8}, f64);
        valid_x = torch::randn({5, 3}, f64), valid_y = torch::randn({5}, f64);
        start = {torch::randn({4, 3}, f64) * 0.5, torch::randn({4}, f64) * 0.5, torch::randn({1, 4}, f64) * 0.5};
        for (const auto& one : start) parameters.push_back(one.clone().requires_grad_());
    }
    torch::Tensor loss(const torch::Tensor& in, const torch::Tensor& target) const {
        const auto hidden = torch::tanh(torch::linear(in, parameters[0], parameters[1]));
        return torch::mse_loss(torch::linear(hidden, parameters[2]).squeeze(1), target);
    }
};

constexpr std::int64_t window = 5;

/// Validation loss after five updates from the start with these raw values, made one by one.
double loss_after(const std::string& optimiser, bool amsgrad, const std::vector<double>& raw, double clip) {
    SmallNetwork network;
    FlatParameters parameters(network.parameters);
    const auto rule = make_update_rule(optimiser, 1e-8, amsgrad);
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
    const auto& [optimiser, amsgrad, clip] = GetParam();
    const std::vector<double> raw = {-1, -1.5, 0.8, 2};
    SmallNetwork network;
    FlatParameters parameters(network.parameters);
    const auto rule = make_update_rule(optimiser, 1e-8, amsgrad);
    const auto used = used_values(torch::tensor(raw[0], f64), raw[1], raw[2], raw[3]);
    Moments moments;
    std::vector<RecordedUpdate> updates;
    for (std::int64_t i = 0; i < window; ++i) {
        updates.emplace_back(parameters, network.loss(network.x, network.y), clip, *rule, moments, used);
        parameters.point_to(updates.back().after());
    }
    const auto v = plain_gradient(parameters, network.loss(network.valid_x, network.valid_y), 0);
    const auto gradient = unrolled_hypergradient(parameters, updates, v);
    const double h = 1e-5;
    for (std::size_t hyper = 0; hyper < (optimiser == "sgd" ? 3U : 4U); ++hyper) {
        auto above = raw, below = raw;
        above[hyper] += h, below[hyper] -= h;
        const double expected =
            (loss_after(optimiser, amsgrad, above, clip) - loss_after(optimiser, amsgrad, below, clip)) / (2 * h);
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
    updates.emplace_back(f.parameters, f.q.train(), 0, *f.rule, f.moments, used);
    f.settings.terms = 1;
    const auto implicit = f.implicit(updates[0]);
    f.parameters.point_to(updates[0].after());
    const auto exact = unrolled_hypergradient(f.parameters, updates, plain_gradient(f.parameters, f.q.valid(), 0));
    for (std::size_t hyper = 0; hyper < 3; ++hyper) expect_near(exact[hyper], implicit[hyper]);
}

class LikeLibTorch : public testing::TestWithParam<std::tuple<std::string, bool>> {};

/// The rules are LibTorch's optimisers.
TEST_P(LikeLibTorch, MakesTheSameUpdates) {
    const auto& [name, amsgrad] = GetParam();
    SmallNetwork ours, theirs;
    FlatParameters parameters(ours.parameters);
    const auto rule = make_update_rule(name, 1e-8, amsgrad);
    UsedValues used;
    const std::array<double, 4> values = {0.05, 0.01, 0.8, 0.95};
    for (std::size_t i = 0; i < 4; ++i) used.value[i] = torch::tensor(values[i], f64);
    std::unique_ptr<torch::optim::Optimizer> optimiser;
    const auto betas = std::make_tuple(0.8, 0.95);
    namespace optim = torch::optim;
    if (name == "sgd")
        optimiser =
            std::make_unique<optim::SGD>(theirs.parameters, optim::SGDOptions(0.05).momentum(0.8).weight_decay(0.01));
    if (name == "adam")
        optimiser = std::make_unique<optim::Adam>(
            theirs.parameters, optim::AdamOptions(0.05).betas(betas).weight_decay(0.01).amsgrad(amsgrad));
    if (name == "adamw")
        optimiser = std::make_unique<optim::AdamW>(
            theirs.parameters, optim::AdamWOptions(0.05).betas(betas).weight_decay(0.01).amsgrad(amsgrad));
    Moments moments;
    for (int i = 0; i < 20; ++i) {
        auto weights = parameters.flat();
        rule->advance(weights, plain_gradient(parameters, ours.loss(ours.x, ours.y), 0), moments, used);
        optimiser->zero_grad();
        theirs.loss(theirs.x, theirs.y).backward();
        optimiser->step();
    }
    for (std::size_t i = 0; i < 3; ++i) expect_near(ours.parameters[i].detach(), theirs.parameters[i].detach());
}

INSTANTIATE_TEST_SUITE_P(Rules, LikeLibTorch,
                         testing::Values(std::tuple{"sgd", false}, std::tuple{"adam", false}, std::tuple{"adam", true},
                                         std::tuple{"adamw", false}, std::tuple{"adamw", true}),
                         [](const auto& one) {
                             return std::get<0>(one.param) + (std::get<1>(one.param) ? "Amsgrad" : "");
                         });

/// A hidden unit that is never active: its weights have gradient and second moment zero for ever.
TEST(Hypergradient, DeadReluUnderAdamContributesZero) {
    torch::manual_seed(5);
    const auto x = torch::rand({6, 2}), y = torch::rand({6});
    auto in = torch::tensor({{0.5F, 0.4F}, {-1.0F, -2.0F}}).requires_grad_();  // the second unit is dead
    auto out = torch::tensor({{0.7F, 0.3F}}).requires_grad_();
    for (const auto* optimiser : {"adam", "adamw"}) {
        OnePass one_pass({in, out}, optimiser, 1e-8, false,
                         {.used = {0.01, 0.001, 0.9, 0.999}, .moves = {true, true, true, true}}, {.interval = 2}, 1);
        const auto loss = [&] {
            return torch::mse_loss(torch::linear(torch::relu(torch::linear(x, in)), out), y.unsqueeze(1));
        };
        for (int i = 0; i < 8; ++i) one_pass.update({loss, loss, {}});
        const auto point = one_pass.values().point();
        EXPECT_EQ(point.hyper_steps, 4);
        EXPECT_TRUE(std::isfinite(point.norm));
        EXPECT_GT(point.norm, 0);
        EXPECT_TRUE(one_pass.values().raw().isfinite().all().item<bool>());
        EXPECT_TRUE(one_pass.parameters().flat().isfinite().all().item<bool>());
    }
}

TEST(RawValues, StepIsAdamOnRawValues) {
    RawValues values({.used = {0.1, 0.01, 0.6, 0.9}, .moves = {true, true, true, false}}, 0, f64, {});
    auto raw = vector({-1, -2, raw_from_used(Hyper::momentum, 0.6)}).requires_grad_();
    torch::optim::Adam adam({raw}, torch::optim::AdamOptions(0.05));
    torch::manual_seed(2);
    for (int i = 0; i < 30; ++i) {
        PerHyper<torch::Tensor> gradient;
        auto by_raw = torch::empty({3}, f64);
        for (std::int64_t hyper = 0; hyper < 3; ++hyper) {
            const auto number = static_cast<std::size_t>(hyper);
            gradient[number] = torch::randn({}, f64) - 0.5;
            by_raw[hyper] = gradient[number] * slope(static_cast<Hyper>(hyper), values.used().value[number]);
        }
        values.step(gradient);
        raw.mutable_grad() = by_raw;
        adam.step();
        const torch::NoGradGuard no_grad;
        raw[0].clamp_(-10, 0);
    }
    expect_near(values.raw().slice(0, 0, 3), raw.detach());
    EXPECT_DOUBLE_EQ(values.used()[Hyper::beta2].item<double>(), 0.9);
}

TEST(RawValues, LearningRatesAreClampedAndRobustnessIsCounted) {
    const auto nan = std::numeric_limits<double>::quiet_NaN();
    const HyperStart start{.used = {0.5, 0.01, 0.6, 0.9},
                           .moves = {true, true, true, false},
                           .bounds = {std::pair{0.01, 1.0}, {0.009, 0.011}, {0.1, 0.9}, {0, 1}},
                           .bounded = true};
    const auto gradient = [](double value) {
        PerHyper<torch::Tensor> out;
        for (std::size_t i = 0; i < 3; ++i) out[i] = torch::tensor(value, f64);
        return out;
    };
    RawValues faithful(start, 0, f64, {});
    for (int i = 0; i < 20; ++i) faithful.step(gradient(-1));
    EXPECT_EQ(faithful.point().used[0], 1);  // clamped from above
    EXPECT_GT(faithful.point().used[1], 0.011);
    faithful.step(gradient(nan));
    EXPECT_TRUE(std::isnan(faithful.point().used[1]));  // the paper's method has no guard

    RawValues robust(start, 0, f64, {.skip_nonfinite = true, .clip_norm = 0.5, .bounds = true});
    for (int i = 0; i < 20; ++i) robust.step(gradient(-1));
    const auto before = robust.raw().clone();
    robust.step(gradient(nan));
    EXPECT_TRUE(robust.raw().equal(before));
    const auto point = robust.point();
    EXPECT_EQ(point.skipped, 1);
    EXPECT_GE(point.clipped, 20);
    EXPECT_NEAR(point.used[1], 0.011, 1e-12);
    EXPECT_EQ(point.hyper_steps, 21);
}

/// The method written down once more, step by step as the paper has it, with nothing but automatic differentiation.
struct Transcript {
    SmallNetwork network;
    std::vector<torch::Tensor> raw, buffers;
    std::vector<torch::Tensor>& w = network.parameters;

    void update(bool last, std::vector<torch::Tensor>& u) {
        for (auto& one : w) one = one.detach().requires_grad_();
        const auto g = torch::autograd::grad({network.loss(network.x, network.y)}, w, {}, last, last);
        const auto lr = torch::pow(10, raw[0]), wd = torch::pow(10, raw[1]), m = torch::sigmoid(raw[2]);
        const bool first = buffers.empty();
        u.clear();
        for (std::size_t i = 0; i < w.size(); ++i) {
            auto b = g[i] + wd * w[i];
            if (first) {
                buffers.push_back(b.detach());
            } else {
                b = m * buffers[i] + b;
                buffers[i] = b.detach();
            }
            u.push_back(lr * b);
        }
    }

    void hyper_step(const std::vector<torch::Tensor>& u, int terms, torch::optim::Adam& adam) {
        const auto before = w;
        for (std::size_t i = 0; i < w.size(); ++i) w[i] = (before[i] - u[i]).detach().requires_grad_();
        auto v = torch::autograd::grad({network.loss(network.valid_x, network.valid_y)}, w);
        auto p = v;
        for (int term = 1; term < terms; ++term) {
            const auto jacobian = torch::autograd::grad(u, before, v, true, false, true);
            for (std::size_t i = 0; i < w.size(); ++i) {
                v[i] = v[i] - jacobian[i];
                p[i] = p[i] + v[i];
            }
        }
        const auto gradient = torch::autograd::grad(u, raw, p, false, false, true);
        for (std::size_t i = 0; i < raw.size(); ++i)
            raw[i].mutable_grad() = gradient[i].defined() ? -gradient[i] : torch::zeros_like(raw[i]);
        adam.step();
        const torch::NoGradGuard no_grad;
        raw[0].clamp_(-10, 0);
    }
};

TEST(OnePass, FollowsATranscriptOfTheMethod) {
    Transcript transcript;
    for (const double value : {-1.0, -2.0, 0.7}) transcript.raw.push_back(torch::tensor(value, f64).requires_grad_());
    torch::optim::Adam adam(transcript.raw, torch::optim::AdamOptions(0.05));
    SmallNetwork network;
    OnePass one_pass(network.parameters, "sgd", 1e-8, false,
                     {.used = {0.1, 0.01, 1 / (1 + std::exp(-0.7)), 0.999}, .moves = {true, true, true, false}},
                     {.interval = 4, .terms = 5}, 1);
    std::vector<torch::Tensor> u;
    for (int i = 1; i <= 40; ++i) {
        transcript.update(i % 4 == 0, u);
        if (i % 4 == 0) {
            transcript.hyper_step(u, 5, adam);
        } else {
            for (std::size_t k = 0; k < u.size(); ++k) transcript.w[k] = (transcript.w[k] - u[k]).detach();
        }
        one_pass.update({[&] { return network.loss(network.x, network.y); },
                         [&] { return network.loss(network.valid_x, network.valid_y); },
                         {}});
        for (std::size_t k = 0; k < u.size(); ++k)
            expect_near(network.parameters[k].detach(), transcript.w[k].detach(), 1e-11);
        for (std::size_t k = 0; k < 3; ++k)
            EXPECT_NEAR(one_pass.values().raw()[static_cast<std::int64_t>(k)].item<double>(),
                        transcript.raw[k].item<double>(), 1e-11)
                << "after update " << i;
    }
}

/// Every update a hyper-step (T = 1), with the variants that have no hypergradient too.
TEST(OnePass, RunsEveryVariantAtTheEdgesOfItsSettings) {
    for (const auto& variant : hypergradient_variants()) {
        for (const std::int64_t interval : {1, 3}) {
            SmallNetwork network;
            HypergradientSettings settings;
            settings.variant = variant;
            settings.interval = interval;
            settings.terms = 1;
            settings.window = 1;
            HyperStart start{.used = {0.01, 0.001, 0.5, 0.999}};
            for (const auto& name : moved_by(variant, "sgd"))
                start.moves[name == "lr" ? 0 : name == "weight_decay" ? 1 : 2] = true;
            OnePass one_pass(network.parameters, "sgd", 1e-8, false, start, settings, 7);
            const auto train = [&] { return network.loss(network.x, network.y); };
            const auto valid = [&] { return network.loss(network.valid_x, network.valid_y); };
            const double before = train().item<double>();
            for (int i = 0; i < 30; ++i) one_pass.update({train, valid, {}});
            EXPECT_LT(train().item<double>(), before) << variant;
            const auto point = one_pass.values().point();
            EXPECT_EQ(point.used[0] != static_cast<double>(0.01),
                      start.moves[0] || std::abs(point.used[0] - 0.01) > 1e-12)
                << variant;
            EXPECT_EQ(std::abs(point.used[1] - 0.001) > 1e-12, start.moves[1]) << variant;
            EXPECT_EQ(std::abs(point.used[2] - 0.5) > 1e-12, start.moves[2]) << variant;
        }
    }
}

/// Stopped after every number of updates, saved, loaded into a new one, and gone on with: the same bits.
TEST(OnePass, ContinuesBitForBitFromAnyUpdate) {
    constexpr int updates = 17;
    for (const auto& variant : hypergradient_variants()) {
        HypergradientSettings settings;
        settings.variant = variant;
        settings.interval = 6;
        settings.window = 4;
        settings.reset = variant == "unrolled";
        const HyperStart start{.used = {0.05, 0.001, 0.5, 0.999}, .moves = {true, true, true, false}};
        const auto make = [&](SmallNetwork& network) {
            return std::make_unique<OnePass>(network.parameters, "sgd", 1e-8, false, start, settings, 7);
        };
        const auto train = [&](const SmallNetwork& network, int update) {
            const auto rows = torch::arange(update % 3, update % 3 + 4, torch::kInt64);
            return OnePass::Batch{
                [&network, rows] { return network.loss(network.x.index({rows}), network.y.index({rows})); },
                [&network] { return network.loss(network.valid_x, network.valid_y); },
                [rows] { return OnePass::Recipe{rows}; }};
        };
        SmallNetwork whole;
        auto one = make(whole);
        for (int i = 0; i < updates; ++i) one->update(train(whole, i));
        for (int cut = 1; cut < updates; ++cut) {
            SmallNetwork network;
            auto first = make(network);
            for (int i = 0; i < cut; ++i) first->update(train(network, i));
            Snapshot snapshot;
            first->save(snapshot);
            SmallNetwork other;
            auto second = make(other);
            {
                const torch::NoGradGuard no_grad;
                second->parameters().flat().copy_(first->parameters().flat());
            }
            second->load(snapshot, true, [&](const OnePass::Recipe& recipe) {
                return other.loss(other.x.index({recipe.at(0)}), other.y.index({recipe.at(0)}));
            });
            for (int i = cut; i < updates; ++i) second->update(train(other, i));
            EXPECT_TRUE(second->parameters().flat().equal(one->parameters().flat())) << variant << " cut " << cut;
            EXPECT_TRUE(second->values().raw().equal(one->values().raw())) << variant << " cut " << cut;
        }
    }
}

TEST(RawValues, AChildTakesOverWhatMovedAndItsPerturbation) {
    const HyperStart parent{.used = {0.1, 0.01, 0.6, 0.9}, .moves = {true, true, true, false}};
    RawValues moved(parent, 0, f64, {});
    PerHyper<torch::Tensor> gradient;
    gradient[0] = torch::tensor(1.0, f64);
    for (int i = 0; i < 5; ++i) moved.step(gradient);
    Snapshot snapshot;
    moved.save(snapshot);
    RawValues same(parent, 0, f64, {});
    same.load(snapshot, false);
    EXPECT_TRUE(same.raw().equal(moved.raw()));
    auto perturbed = parent;
    perturbed.used[0] = 0.12;
    RawValues child(perturbed, 0, f64, {});
    child.load(snapshot, true);
    EXPECT_NEAR(child.point().used[0], 1.2 * moved.point().used[0], tolerance);
    EXPECT_EQ(child.point().hyper_steps, 5);
}

}  // namespace
}  // namespace stemma
