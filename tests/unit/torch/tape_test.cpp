// Gradients and Hessian products of whole networks by hand: against LibTorch's automatic differentiation, and against
// finite differences, in double precision.
#include "trainer/torch/networks/tape.hpp"

#include <gtest/gtest.h>

#include "trainer/torch/hypergradient/flat_parameters.hpp"
#include "trainer/torch/networks/network.hpp"
#include "unit/torch/small_network.hpp"

namespace stemma {
namespace {

using namespace test;

struct Case {
    std::string name, model;
    std::vector<std::int64_t> image;  ///< sizes of one row
    Hyperparameters h;
    std::int64_t classes = 3;
    std::int64_t rows = 6;
};

Hyperparameters mlp(bool batch_norm, double dropout) {
    Hyperparameters h;
    h.layers = 2;
    h.width = 5;
    h.batch_norm = batch_norm;
    h.dropout = dropout;
    return h;
}

Hyperparameters lenet(double dropout) {
    Hyperparameters h;
    h.dropout = dropout;
    return h;
}

Hyperparameters resnet() {
    Hyperparameters h;
    h.width = 4;
    return h;
}

std::vector<Case> cases() {
    return {{"MlpOfBatchNorms", "mlp", {4}, mlp(true, 0), 3, 9},
            {"MlpOfBatchNormsForNumbers", "mlp", {4}, mlp(true, 0), 0, 9},
            {"MlpOfDropout", "mlp", {4}, mlp(false, 0.3), 3, 9},
            {"MlpOfDropoutAndBatchNorms", "mlp", {4}, mlp(true, 0.3), 3, 9},
            {"LeNet", "lenet", {1, 28, 28}, lenet(0), 10, 6},
            {"LeNetOfDroppedMaps", "lenet", {1, 28, 28}, lenet(0.3), 10, 6},
            {"LeNetOfDroppedAll", "lenet", {1, 28, 28}, lenet(1), 10, 6},
            {"ResNet18", "resnet18", {3, 32, 32}, resnet(), 10, 6},
            {"ResNet18OnOneChannel", "resnet18", {1, 28, 28}, resnet(), 10, 5}};
}

/// A network with a batch.
struct Batch {
    at::Generator generator = at::make_generator<at::CPUGeneratorImpl>(5);
    Data data;
    torch::Tensor x, y;
    std::shared_ptr<Network> network;

    Batch(const Case& one, torch::ScalarType type) {
        torch::manual_seed(7);
        auto sizes = one.image;
        sizes.insert(sizes.begin(), one.rows);
        x = torch::randn(sizes, type);
        y = one.classes > 0 ? torch::randint(one.classes, {one.rows}, torch::kInt64) : torch::randn({one.rows}, type);
        data.classes = one.classes;
        data.train = {x, y};
        network = make_network(one.model, {data, one.h, {}, generator});
        network->to(type);
        // Away from the initial 1 and 0 of batch norms.
        const torch::NoGradGuard no_grad;
        for (auto& parameter : network->parameters()) parameter.add_(0.1 * torch::randn_like(parameter));
    }

    void seed() { generator.set_current_seed(11); }

    torch::Tensor loss() {
        seed();
        const auto output = network->forward(x);
        return data.classes > 0 ? torch::nll_loss(torch::log_softmax(output, 1), y)
                                : torch::mse_loss(output.squeeze(1), y);
    }
    std::unique_ptr<Curvature> by_hand() {
        seed();
        return network->curvature(x, y);
    }
    std::vector<torch::Tensor> directions() const {
        std::vector<torch::Tensor> vectors;
        for (const auto& one : network->parameters()) vectors.push_back(torch::randn_like(one.detach()));
        return vectors;
    }
};

void expect_close(const torch::Tensor& found, const torch::Tensor& expected, double relative) {
    ASSERT_EQ(found.numel(), expected.numel());
    const auto scale = expected.abs().max().item<double>();
    EXPECT_LE((found.flatten() - expected.flatten()).abs().max().item<double>(), relative * scale + 1e-15);
}

class ByHand : public testing::TestWithParam<Case> {};

TEST_P(ByHand, AgreesWithAutomaticDifferentiation) {
    Batch batch(GetParam(), torch::kFloat64);
    const FlatParameters parameters(batch.network->parameters());
    const AutogradCurvature expected(parameters.parameters(), batch.loss(), 0);
    const auto found = batch.by_hand();
    ASSERT_NE(found, nullptr);
    EXPECT_FALSE(found->loss().requires_grad());
    expect_close(found->loss(), expected.loss(), 1e-12);
    expect_close(parameters.joined(found->gradients()), parameters.joined(expected.gradients()), 1e-12);
    for (int again = 0; again < 2; ++again) {  // nothing is left behind by a product
        const auto vectors = batch.directions();
        const auto products = found->times(vectors), by_graph = expected.times(vectors);
        expect_close(parameters.joined(products), parameters.joined(by_graph), 1e-11);
        for (std::size_t i = 0; i < vectors.size(); ++i) {
            SCOPED_TRACE(i);
            EXPECT_EQ(products[i].sizes(), vectors[i].sizes());
            EXPECT_FALSE(products[i].requires_grad());
            if (by_graph[i].defined() && by_graph[i].abs().max().item<double>() > 1e-9)
                expect_close(products[i], by_graph[i], 1e-8);
        }
    }
}

/// Central differences of LibTorch's gradients.
TEST_P(ByHand, AgreesWithFiniteDifferences) {
    Batch batch(GetParam(), torch::kFloat64);
    FlatParameters parameters(batch.network->parameters());
    const auto weights = parameters.flat();
    const auto v = parameters.joined(batch.directions());
    const auto gradient_at = [&](double step) {
        parameters.point_to(weights + step * v);
        const auto loss = batch.loss();
        auto gradient = parameters.joined(
            torch::autograd::grad({loss}, parameters.parameters(), {}, false, false, /*allow_unused=*/true));
        parameters.point_to(weights);
        return gradient;
    };
    const auto found = parameters.joined(batch.by_hand()->times(parameters.split(v)));
    constexpr double h = 1e-7;
    expect_close(found, (gradient_at(h) - gradient_at(-h)) / (2 * h), 1e-5);
}

/// A product is of the weights of the pass, wherever the parameters point later.
TEST_P(ByHand, BelongsToTheWeightsOfThePass) {
    Batch batch(GetParam(), torch::kFloat64);
    FlatParameters parameters(batch.network->parameters());
    const auto curvature = batch.by_hand();
    const auto vectors = batch.directions();
    const auto before = parameters.joined(curvature->times(vectors));
    parameters.point_to(torch::zeros_like(parameters.flat()));
    EXPECT_TRUE(parameters.joined(curvature->times(vectors)).equal(before));
}

TEST_P(ByHand, DoesToGeneratorAndStatisticsWhatAPassDoes) {
    Batch one(GetParam(), torch::kFloat64), other(GetParam(), torch::kFloat64);
    one.loss();
    other.by_hand();
    EXPECT_TRUE(one.generator.get_state().equal(other.generator.get_state()));
    const auto expected = one.network->buffers(), found = other.network->buffers();
    for (std::size_t i = 0; i < expected.size(); ++i) expect_close(found[i], expected[i], 1e-12);
}

INSTANTIATE_TEST_SUITE_P(Networks, ByHand, testing::ValuesIn(cases()), [](const auto& one) { return one.param.name; });

/// With the fused first block, which is for single precision.
TEST(ByHandInSinglePrecision, LeNetAgreesWithAutomaticDifferentiation) {
    Batch batch({"", "lenet", {1, 28, 28}, lenet(0.2), 10, 20}, torch::kFloat32);
    const FlatParameters parameters(batch.network->parameters());
    const AutogradCurvature expected(parameters.parameters(), batch.loss(), 0);
    const auto found = batch.by_hand();
    const auto vectors = batch.directions();
    expect_close(found->loss(), expected.loss(), 1e-5);
    expect_close(parameters.joined(found->gradients()), parameters.joined(expected.gradients()), 1e-4);
    expect_close(parameters.joined(found->times(vectors)), parameters.joined(expected.times(vectors)), 1e-4);
}

TEST(ByHandElsewhere, NetworksWithoutACurvatureSayIt) {
    auto tanh = mlp(true, 0);
    tanh.activation = "tanh";
    EXPECT_EQ(Batch({"", "mlp", {4}, tanh, 3, 6}, torch::kFloat64).by_hand(), nullptr);
    Batch evaluated({"", "resnet18", {3, 32, 32}, resnet(), 10, 6}, torch::kFloat64);
    evaluated.network->eval();  // statistics of the batch are not used
    EXPECT_EQ(evaluated.by_hand(), nullptr);
}

}  // namespace
}  // namespace stemma
