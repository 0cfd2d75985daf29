// Training with hyperparameters that move, as a whole: against a transcript of the method, at the edges, through
// snapshots.
#include "trainer/torch/hypergradient/one_pass.hpp"

#include <gtest/gtest.h>
#include <torch/torch.h>

#include <cmath>
#include <limits>

#include "unit/torch/small_network.hpp"

namespace stemma {
namespace {

using namespace test;

/// A hidden unit that is never active: its weights have gradient and second moment zero for ever.
TEST(Hypergradient, DeadReluUnderAdamContributesZero) {
    torch::manual_seed(5);
    const auto x = torch::rand({6, 2}), y = torch::rand({6});
    auto in = torch::tensor({{0.5F, 0.4F}, {-1.0F, -2.0F}}).requires_grad_();  // the second unit is dead
    auto out = torch::tensor({{0.7F, 0.3F}}).requires_grad_();
    for (const auto* optimizer : {"adam", "adamw"}) {
        OnePass one_pass({in, out}, optimizer, 1e-8, false,
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
            for (const auto& name : moved_by(variant))
                if (!name.starts_with("beta")) start.moves[name == "lr" ? 0 : name == "weight_decay" ? 1 : 2] = true;
            OnePass one_pass(network.parameters, "sgd", 1e-8, false, start, settings, 7);
            const auto train = [&] { return network.loss(network.x, network.y); };
            const auto valid = [&] { return network.loss(network.valid_x, network.valid_y); };
            const double before = train().item<double>();
            for (int i = 0; i < 30; ++i) one_pass.update({train, valid, {}});
            EXPECT_LT(train().item<double>(), before) << variant;
            const auto point = one_pass.values().point();
            EXPECT_EQ(std::abs(point.used[0] - 0.01) > 1e-12, start.moves[0] || variant == "random_x_lr") << variant;
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
            const auto rows = SmallNetwork::rows(update);
            return OnePass::Batch{[&network, rows] { return network.loss_at(rows); },
                                  [&network] { return network.valid_loss(); },
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
                return second->by_autograd(other.loss_at(recipe.at(0)));
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
