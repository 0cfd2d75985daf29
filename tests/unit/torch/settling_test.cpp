// Hyper-steps that end once no value moves any more: when they end, what training does then, and what a continuation, a
// child and a job make of it.
#include "trainer/torch/hypergradient/settling.hpp"

#include <gmock/gmock.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <string>

#include "core/error.hpp"
#include "trainer/torch/hypergradient/one_pass.hpp"
#include "unit/torch/small_network.hpp"
#include "unit/torch/training.hpp"

namespace stemma {
namespace {

using namespace test;
using testing::HasSubstr;
using testing::ThrowsMessage;

const HyperStart settling_start{.used = {0.05, 0.001, 0.5, 0.999}, .moves = {true, true, true, false}};

/// One hyper-step by a hypergradient of the learning rate alone. Adam's first steps are 0.05 long each.
void push_lr(RawValues& values, double direction) {
    PerHyper<torch::Tensor> gradient;
    gradient[0] = torch::tensor(direction, f64);
    values.step(gradient);
}

TEST(Settling, LooksAtTheRangeWithinAWindow) {
    RawValues values(settling_start, 0, f64, {});
    Settling below(0.149, 3, values), above(0.151, 3, values), off(0, 3, values);
    for (int i = 1; i <= 3; ++i) {
        push_lr(values, -1);
        for (auto* one : {&below, &above, &off}) one->count(values);
        EXPECT_EQ(above.settled(), i == 3) << "0.15 a window";
        EXPECT_FALSE(below.settled());
        EXPECT_FALSE(off.settled());
    }
    above.begin(values);
    EXPECT_FALSE(above.settled());
}

/// From its first to its last hyper-step this window's value has changed by less than 0.03. In between it was further
/// away.
TEST(Settling, AValueThatTurnsBackHasNotSettled) {
    RawValues values(settling_start, 0, f64, {});
    const double first = values.point().raw[0];
    Settling settling(0.03, 8, values);
    for (const double direction : {-1, -1, 1, 1, 1, 1, 1, 1}) {
        push_lr(values, direction);
        settling.count(values);
    }
    EXPECT_LT(std::abs(values.point().raw[0] - first), 0.03);
    EXPECT_FALSE(settling.settled());
    Settling next(0.5, 1, values);
    push_lr(values, 1);
    next.count(values);
    EXPECT_TRUE(next.settled());
}

/// Of a learning rate for each weight the root mean square, so that one weight among many does not decide.
TEST(Settling, OfRatesOfWeightsTheRootMeanSquareCounts) {
    RawValues values({.used = {0.05, 0, 0.5, 0.999}, .moves = {true, false, false, false}}, 4, f64, {});
    const auto before = values.raw().clone();
    PerHyper<torch::Tensor> gradient;
    gradient[0] = vector({1, 0, 0, 0});
    values.step(gradient);
    EXPECT_NEAR(values.largest_range(values.raw(), before), 0.05 / 2, 1e-6);
}

TEST(Settling, AValueThatIsNoNumberHasNotSettled) {
    RawValues values(settling_start, 0, f64, {});
    Settling settling(10, 1, values);
    push_lr(values, std::nan(""));
    settling.count(values);
    EXPECT_FALSE(settling.settled());
}

constexpr HypergradientSettings settling_soon{.interval = 3, .settle = 0.08, .settle_steps = 2};

struct Settler {
    SmallNetwork network;
    OnePass pass;
    int validations = 0;

    explicit Settler(const HypergradientSettings& settings)
        : pass(network.parameters, "sgd", 1e-8, false, settling_start, settings, 7) {}
    void update(int number) {
        const auto rows = SmallNetwork::rows(number);
        pass.update({[&, rows] { return network.loss_at(rows); },
                     [&] {
                         ++validations;
                         return network.valid_loss();
                     },
                     [rows] { return OnePass::Recipe{rows}; }});
    }
    void load(const Settler& from, bool child) {
        Snapshot snapshot;
        from.pass.save(snapshot);
        {
            const torch::NoGradGuard no_grad;
            pass.parameters().flat().copy_(from.pass.parameters().flat());
        }
        OnePass::Again again;
        if (!child) {
            again = [&](const OnePass::Recipe& recipe) { return pass.by_autograd(network.loss_at(recipe.at(0))); };
        }
        pass.load(snapshot, true, again);
    }
};

/// Plain updates with the values as they are: no validation loss, nothing recorded, the same weights as by hand.
TEST(Settling, TrainingGoesOnWithTheValuesAsTheyAre) {
    Settler one(settling_soon);
    int number = 0;
    while (!one.pass.settled() && number < 600) one.update(number++);
    ASSERT_TRUE(one.pass.settled());
    EXPECT_TRUE(one.pass.stepped());
    EXPECT_EQ(number % 6, 0);
    const auto raw = one.pass.values().raw().clone();
    const auto validations = one.validations;
    const auto steps = one.pass.hyper_steps();
    Snapshot snapshot;
    one.pass.save(snapshot);
    const auto used = one.pass.values().point().used;
    auto weights = one.pass.parameters().flat().clone();
    auto buffer = torch::zeros_like(weights);
    const auto stored = snapshot.content(*snapshot.find("hypergradient/moments/first"));
    std::memcpy(buffer.data_ptr(), stored.data(), stored.size());
    for (int i = 0; i < 7; ++i) {
        const auto loss = one.network.loss_at(SmallNetwork::rows(number));
        const auto gradient = one.pass.parameters().joined(torch::autograd::grad({loss}, one.network.parameters));
        buffer = used[2] * buffer + gradient + used[1] * weights;
        weights = weights - used[0] * buffer;
        one.update(number++);
        EXPECT_FALSE(one.pass.stepped());
        expect_near(one.pass.parameters().flat(), weights);
    }
    EXPECT_TRUE(one.pass.values().raw().equal(raw));
    EXPECT_EQ(one.validations, validations);
    EXPECT_EQ(one.pass.hyper_steps(), steps);
}

/// Before it settles, between two comparisons, within a window, after it has settled.
TEST(Settling, ContinuesBitForBitFromAnyUpdate) {
    for (const auto* variant : {"wd_lr_m", "wd_hdlr_m", "diff_through_opt", "baydin"}) {
        auto settings = settling_soon;
        settings.variant = variant;
        settings.window = 3;
        if (std::string(variant) == "baydin") settings.settle = 1e-4;
        Settler whole(settings);
        int updates = 0;
        while (!whole.pass.settled() && updates < 600) whole.update(updates++);
        ASSERT_TRUE(whole.pass.settled()) << variant;
        const int first = std::max(1, updates - 14);
        for (int i = 0; i < 7; ++i) whole.update(updates++);
        for (int cut = first; cut < updates; cut += 2) {
            Settler before(settings), after(settings);
            for (int i = 0; i < cut; ++i) before.update(i);
            after.load(before, false);
            EXPECT_EQ(after.pass.settled(), before.pass.settled());
            for (int i = cut; i < updates; ++i) after.update(i);
            EXPECT_TRUE(after.pass.parameters().flat().equal(whole.pass.parameters().flat())) << variant << cut;
            EXPECT_TRUE(after.pass.values().raw().equal(whole.pass.values().raw())) << variant << cut;
            EXPECT_EQ(after.pass.hyper_steps(), whole.pass.hyper_steps()) << variant << cut;
        }
    }
}

/// Whether its parent had settled or not, and the same bits wherever it is born.
TEST(Settling, AChildsValuesMoveAgain) {
    Settler parent(settling_soon);
    int number = 0;
    while (!parent.pass.settled() && number < 600) parent.update(number++);
    Settler child(settling_soon), twin(settling_soon);
    for (auto* one : {&child, &twin}) {
        one->load(parent, true);
        EXPECT_FALSE(one->pass.settled());
        for (int i = 0; i < 9; ++i) one->update(number + i);
    }
    EXPECT_GE(child.pass.hyper_steps(), parent.pass.hyper_steps() + 2);
    EXPECT_FALSE(child.pass.values().raw().equal(parent.pass.values().raw()));
    EXPECT_TRUE(child.pass.parameters().flat().equal(twin.pass.parameters().flat()));
    EXPECT_TRUE(child.pass.values().raw().equal(twin.pass.values().raw()));
}

/// A snapshot of a job that did not settle, and the other way round.
TEST(Settling, SnapshotsOfJobsWithoutItAreRead) {
    auto off = settling_soon;
    off.settle = 0;
    Settler without(off), with(settling_soon);
    for (int i = 0; i < 7; ++i) without.update(i);
    with.load(without, false);
    EXPECT_FALSE(with.pass.settled());
    int number = 7;
    while (!with.pass.settled() && number < 600) with.update(number++);
    without.load(with, false);
    EXPECT_FALSE(without.pass.settled());
    Snapshot snapshot;
    without.pass.save(snapshot);
    EXPECT_EQ(snapshot.find("hypergradient/settling/position"), nullptr);
}

/// Through the trainer: a member that resumes has the same bits, one that is adopted moves on.
TEST(Settling, MembersResumeSettledAndAreAdoptedMoving) {
    TorchSettings settings;
    settings.data = "csv";
    settings.path = STEMMA_TEST_DATA "/uci_energy/energy.csv";
    settings.split = "rows";
    settings.valid = 0.2;
    settings.unit = "step";
    settings.fixed = {{"layers", std::int64_t{1}}, {"width", std::int64_t{16}}, {"batch_size", std::int64_t{100}}};
    settings.hypergradient = HypergradientSettings{.interval = 4, .settle = 0.11, .settle_steps = 3};
    Training training(sgd_space(), settings, {{"lr", 1e-2}, {"weight_decay", 1e-5}, {"momentum", 0.5}});
    const auto steps = [&](const Trained& trained) { return training.value(trained.rows.back(), "hyper_steps"); };
    const auto whole = training.train(0, 400);
    ASSERT_LT(steps(whole), 80);
    ASSERT_GE(steps(whole), 3);
    for (const Resource cut : {Resource{10}, static_cast<Resource>(4 * steps(whole)), Resource{390}}) {
        const auto first = training.train(0, cut);
        const auto second = training.train(cut, 400, &first.snapshot);
        EXPECT_TRUE(equal_content(second.snapshot, whole.snapshot)) << cut;
        EXPECT_EQ(steps(second), steps(whole)) << cut;
    }
    const auto child = training.train(400, 480, &whole.snapshot, true);
    EXPECT_GE(steps(child), steps(whole) + 3);
    EXPECT_TRUE(equal_content(training.train(400, 480, &whole.snapshot, true).snapshot, child.snapshot));
}

TEST(Settling, IsRefusedWhereItMeansNothing) {
    const auto refuses = [](const HypergradientSettings& settings) {
        EXPECT_THAT([&] { check_hypergradient_settings(settings); }, ThrowsMessage<UserError>(HasSubstr("settle")));
    };
    refuses({.variant = "random", .settle = 0.1});
    refuses({.variant = "random_x_lr", .settle = 0.1});
    refuses({.variant = "unrolled", .reset = true, .settle = 0.1});
    refuses({.settle = -0.1});
    EXPECT_NO_THROW(check_hypergradient_settings({.variant = "baydin", .settle = 0.1}));
}

}  // namespace
}  // namespace stemma
