// What single variants do, through OnePass: hyper-steps against gradients and differences taken here, and weights that
// are set back. Also children with another update rule than their parent's, and masks of recomputed updates.
#include <gtest/gtest.h>
#include <torch/torch.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "trainer/torch/hypergradient/one_pass.hpp"
#include "trainer/torch/networks/script_network.hpp"
#include "trainer/torch/optimizer_code.hpp"
#include "trainer/torch/state.hpp"
#include "unit/torch/small_network.hpp"

namespace stemma {
namespace {

using namespace test;

const HyperStart start_of_sgd{.used = {0.02, 0.01, 0.6, 0.999}, .moves = {true, true, true, false}};
const HyperStart lr_alone{.used = {0.02, 0.01, 0.6, 0.999}, .moves = {true, false, false, false}};

OnePass::Batch batch_of(const SmallNetwork& network, int number) {
    return {[&network, number] { return network.loss_at(SmallNetwork::rows(number)); },
            [&network] { return network.valid_loss(); },
            {}};
}

/// By the network's parameters as they are, as one vector.
torch::Tensor gradient_of(const SmallNetwork& network, const torch::Tensor& loss) {
    std::vector<torch::Tensor> parts;
    for (const auto& part : torch::autograd::grad({loss}, network.parameters)) parts.push_back(part.flatten());
    return torch::cat(parts);
}

void copy_weights(const OnePass& from, const OnePass& to) {
    const torch::NoGradGuard no_grad;
    to.parameters().flat().copy_(from.parameters().flat());
}

double raw_lr(const OnePass& pass) { return pass.values().raw()[0].item<double>(); }

/// Section 3.1: both gradients are the plain losses', without weight decay, clip or the derivative of 10^raw.
TEST(Baydin, AddsTheProductOfTwoGradientsToTheLogarithm) {
    for (const double clip : {0.0, 0.01}) {
        SmallNetwork network;
        OnePass pass(network.parameters, "sgd", 1e-8, false, lr_alone, {.variant = "baydin", .gradient_clip = clip}, 1);
        for (int i = 0; i < 6; ++i) {
            const auto other = [&] { return network.loss_at(SmallNetwork::rows(i + 1)); };
            const double before = raw_lr(pass);
            const auto at_old = gradient_of(network, network.loss_at(SmallNetwork::rows(i)));
            EXPECT_GT(at_old.norm().item<double>(), clip) << "or nothing is clipped";
            pass.update({batch_of(network, i).train, other, {}});
            const double product = gradient_of(network, other()).dot(at_old).item<double>();
            EXPECT_GT(std::abs(product), 1e-6);
            EXPECT_NEAR(raw_lr(pass) - before, 0.001 * product, 1e-14) << "update " << i << ", clip " << clip;
            EXPECT_NEAR(pass.values().point().norm, std::abs(product), 1e-12);
        }
        EXPECT_EQ(pass.hyper_steps(), 6);
    }
}

TEST(Baydin, ObeysTheRobustnessSettings) {
    const auto nan = std::numeric_limits<double>::quiet_NaN();
    for (const bool skip : {false, true}) {
        SmallNetwork network;
        OnePass pass(network.parameters, "sgd", 1e-8, false, lr_alone, {.variant = "baydin", .skip_nonfinite = skip},
                     1);
        const double before = raw_lr(pass);
        pass.update({batch_of(network, 0).train, [&] { return network.valid_loss() * nan; }, {}});
        const double after = raw_lr(pass);
        EXPECT_TRUE(skip ? after == before : std::isnan(after)) << after;
        EXPECT_EQ(pass.values().point().skipped, skip ? 1 : 0);
    }
    RawValues clipped_at(lr_alone, 0, f64, {.variant = "baydin", .clip_norm = 0.5});
    const double before = clipped_at.point().raw[0];
    clipped_at.step_lr(torch::tensor(-3.0, f64), 0.001);
    EXPECT_NEAR(clipped_at.point().raw[0], before - 0.0005, 1e-14);
    EXPECT_EQ(clipped_at.point().clipped, 1);
    EXPECT_EQ(clipped_at.point().norm, 3);
}

/// Weights and buffer where the window begins are constants: the objective starts there, from a snapshot.
TEST(DiffThroughOpt, IsTheDerivativeThroughTheLastUpdatesOfTheInterval) {
    constexpr int updates = 10, differentiated = 5;
    SmallNetwork network;
    OnePass pass(network.parameters, "sgd", 1e-8, false, start_of_sgd,
                 {.variant = "diff_through_opt", .interval = updates, .window = differentiated}, 1);
    for (int i = 0; i < updates; ++i) pass.update(batch_of(network, i));
    ASSERT_EQ(pass.hyper_steps(), 1);
    Snapshot snapshot;
    pass.save(snapshot);
    // After one step the Adam's mean is the hypergradient times 1 - beta1.
    const auto found = load_tensor(snapshot, "hypergradient/adam/first", torch::kFloat64) / (1 - 0.9);

    const HypergradientSettings still{.variant = "random", .interval = updates};
    SmallNetwork network_before;
    OnePass before(network_before.parameters, "sgd", 1e-8, false, start_of_sgd, still, 1);
    for (int i = 0; i < updates - differentiated; ++i) before.update(batch_of(network_before, i));
    Snapshot at_start;
    before.save(at_start);
    const auto objective = [&](std::size_t number, double change) {
        const auto hyper = static_cast<Hyper>(number);
        auto shifted = start_of_sgd;
        auto& used = shifted.used[number];
        used = used_from_raw(hyper, torch::tensor(raw_from_used(hyper, used) + change, f64)).item<double>();
        SmallNetwork own;
        OnePass rest(own.parameters, "sgd", 1e-8, false, shifted, still, 1);
        copy_weights(before, rest);
        rest.load(at_start, true, {});
        for (int i = updates - differentiated; i < updates; ++i) rest.update(batch_of(own, i));
        return own.valid_loss().item<double>();
    };
    const double h = 1e-5;
    for (std::size_t hyper = 0; hyper < 3; ++hyper) {
        const double expected = (objective(hyper, h) - objective(hyper, -h)) / (2 * h);
        EXPECT_GT(std::abs(expected), 1e-5) << "hyperparameter " << hyper;
        EXPECT_NEAR(found[static_cast<std::int64_t>(hyper)].item<double>(), expected,
                    1e-7 * std::max(1.0, std::abs(expected)))
            << "hyperparameter " << hyper;
    }
}

/// Section 3 of the method: the model goes back after each hyper-step but the last, the momentum buffer never does.
TEST(Reset, WeightsGoBackAndTheLastIntervalsStay) {
    constexpr int interval = 3;
    SmallNetwork network;
    OnePass pass(network.parameters, "sgd", 1e-8, false, start_of_sgd,
                 {.variant = "unrolled", .interval = interval, .reset = true}, 1);
    const auto initial = pass.parameters().flat().clone();
    torch::Tensor buffer;
    for (int i = 0; i < 3 * interval; ++i) {
        torch::Tensor weights, gradient;
        auto batch = batch_of(network, i);
        batch.train = [&] {
            weights = pass.parameters().flat().clone();
            gradient = gradient_of(network, network.loss_at(SmallNetwork::rows(i)));
            return network.loss_at(SmallNetwork::rows(i));
        };
        const auto used = pass.values().used();
        pass.update(batch);
        EXPECT_EQ(weights.equal(initial), i % interval == 0) << "update " << i;
        EXPECT_FALSE(pass.parameters().flat().equal(initial)) << "after update " << i;
        auto next = gradient + used[Hyper::weight_decay] * weights;
        if (i > 0) next = next + used[Hyper::momentum] * buffer;
        expect_near(pass.parameters().flat(), weights - used[Hyper::lr] * next);
        buffer = next;
    }
    EXPECT_EQ(pass.hyper_steps(), 3);
}

TEST(RandomXLr, MultipliesByAConstantOfTheMemberAfterEachInterval) {
    constexpr int interval = 4;
    std::vector<double> factors;
    for (std::uint64_t seed = 1; seed <= 20; ++seed) {
        SmallNetwork network;
        OnePass pass(network.parameters, "sgd", 1e-8, false, lr_alone, {.variant = "random_x_lr", .interval = interval},
                     seed);
        for (int i = 1; i <= 3 * interval; ++i) {
            const double before = pass.values().point().used[0];
            pass.update(batch_of(network, i));
            const double factor = pass.values().point().used[0] / before;
            if (i == interval) factors.push_back(factor);
            if (i % interval == 0) {
                EXPECT_NEAR(factor, factors.back(), tolerance) << "seed " << seed << ", update " << i;
            } else {
                EXPECT_EQ(factor, 1) << "seed " << seed << ", update " << i;
            }
        }
        EXPECT_NEAR(pass.values().point().used[2], 0.6, tolerance);
    }
    const auto [low, high] = std::ranges::minmax(factors);
    EXPECT_GE(low, 0.95 - tolerance);
    EXPECT_LE(high, 1.01 + tolerance);
    EXPECT_GT(high - low, 0.02) << "drawn for each member";
}

/// Both ways: moments stay behind, lr and weight decay have moved, the others start as the child has them.
TEST(OnePass, AChildMayHaveAnotherUpdateRule) {
    const HyperStart start_of_adam{.used = {0.02, 0.01, 0.9, 0.99}, .moves = {true, true, true, true}};
    const HypergradientSettings settings{.interval = 3, .terms = 2};
    for (const bool to_adam : {true, false}) {
        SCOPED_TRACE(to_adam ? "from SGD to Adam" : "from Adam to SGD");
        const auto &parents = to_adam ? start_of_sgd : start_of_adam, &own = to_adam ? start_of_adam : start_of_sgd;
        const std::string rule = to_adam ? "adam" : "sgd";
        SmallNetwork network, network_of_child;
        OnePass parent(network.parameters, to_adam ? "sgd" : "adam", 1e-8, false, parents, settings, 1);
        for (int i = 0; i < 7; ++i) parent.update(batch_of(network, i));
        Snapshot snapshot;
        parent.save(snapshot);
        OnePass child(network_of_child.parameters, rule, 1e-8, false, own, settings, 1);
        copy_weights(parent, child);
        child.load(snapshot, true, {});

        const auto moved = parent.values().point(), taken = child.values().point();
        EXPECT_GT(std::abs(moved.used[2] - parents.used[2]), 1e-4);
        for (const std::size_t hyper : {0U, 1U}) EXPECT_NEAR(taken.used[hyper], moved.used[hyper], tolerance);
        for (const std::size_t hyper : {2U, 3U}) EXPECT_NEAR(taken.used[hyper], own.used[hyper], tolerance);
        EXPECT_EQ(taken.hyper_steps, 2);
        const auto weights = child.parameters().flat().clone();
        const auto gradient = gradient_of(network_of_child, network_of_child.loss_at(SmallNetwork::rows(7)));
        const auto first = make_update_rule(rule, 1e-8, false)->apply(gradient, weights, {}, child.values().used());
        child.update(batch_of(network_of_child, 7));
        expect_near(child.parameters().flat(), weights - first.update);
        const double before = raw_lr(child);
        child.update(batch_of(network_of_child, 8));
        ASSERT_TRUE(child.stepped());
        EXPECT_NEAR(std::abs(raw_lr(child) - before), settings.rate, 1e-4) << "the first step of a new Adam";
        for (int i = 9; i < 20; ++i) child.update(batch_of(network_of_child, i));
        EXPECT_TRUE(child.values().raw().isfinite().all().item<bool>());
    }
}

TEST(OnePass, ASnapshotWithoutItsRulesNameIsOfTheSameRule) {
    const HypergradientSettings settings{.interval = 3};
    SmallNetwork network, later;
    OnePass pass(network.parameters, "sgd", 1e-8, false, start_of_sgd, settings, 1);
    for (int i = 0; i < 7; ++i) pass.update(batch_of(network, i));
    Snapshot snapshot, older;
    pass.save(snapshot);
    for (const auto& array : snapshot.arrays()) {
        if (array.name != "hypergradient/rule") older.add(array.name, array.type, array.shape, snapshot.content(array));
    }
    ASSERT_EQ(older.arrays().size() + 1, snapshot.arrays().size());
    OnePass same(later.parameters, "sgd", 1e-8, false, start_of_sgd, settings, 1);
    copy_weights(pass, same);
    same.load(older, true, {});
    for (int i = 7; i < 12; ++i) {
        pass.update(batch_of(network, i));
        same.update(batch_of(later, i));
    }
    EXPECT_TRUE(same.parameters().flat().equal(pass.parameters().flat()));
    EXPECT_TRUE(same.values().raw().equal(pass.values().raw()));
}

/// What a recipe has of the generator is enough for the update to be taken once more.
TEST(ScriptNetwork, AGeneratorsStatePutBackGivesTheSameMasks) {
    auto generator = at::make_generator<at::CPUGeneratorImpl>(std::uint64_t{5});
    const auto network = make_script_network(STEMMA_TEST_DATA "/torchscript/net24.pt", generator);
    network->train();
    const auto x = torch::randn({16, 8});
    const auto state = generator.get_state();
    const auto first = network->forward(x).detach(), second = network->forward(x).detach();
    generator.set_state(state);
    const auto again = network->forward(x).detach();
    // Not to the last bit: TorchScript may go over to another program after its first runs.
    EXPECT_LT((again - first).abs().max().item<double>(), 1e-5);
    EXPECT_GT((second - first).abs().max().item<double>(), 1e-3);
}

}  // namespace
}  // namespace stemma
