// Moments of a network of which only some parameters are trained.
#include "trainer/torch/optimizer.hpp"

#include <gtest/gtest.h>

#include "core/error.hpp"
#include "support/errors.hpp"
#include "trainer/torch/hypergradient/flat_parameters.hpp"

namespace stemma {
namespace {

/// Frozen, trained, never used, trained.
std::vector<torch::Tensor> parameters_with_gaps() {
    std::vector<torch::Tensor> out;
    for (int i = 0; i < 4; ++i) out.push_back(torch::full({3}, 1.0 + i).requires_grad_(i != 0));
    return out;
}

void step(torch::optim::Optimizer& optimizer, const std::vector<torch::Tensor>& parameters) {
    optimizer.zero_grad();
    (parameters[0] * parameters[1] * parameters[3]).square().sum().backward();
    optimizer.step();
}

class FrozenParameters : public testing::TestWithParam<std::string> {};

TEST_P(FrozenParameters, LeaveTheMomentsOfTheOthers) {
    Hyperparameters h;
    h.optimizer = GetParam();
    h.lr = 0.01;
    h.momentum = 0.9;
    auto parameters = parameters_with_gaps();
    const auto optimizer = make_optimizer(parameters, h);
    for (int i = 0; i < 3; ++i) step(*optimizer, parameters);
    Snapshot snapshot;
    save_optimizer(*optimizer, h.optimizer, snapshot);
    std::vector<torch::Tensor> again;
    for (const auto& one : parameters) again.push_back(one.detach().clone().requires_grad_(one.requires_grad()));
    const auto other = make_optimizer(again, h);

    load_optimizer(*other, h.optimizer, snapshot);
    step(*optimizer, parameters);
    step(*other, again);

    for (std::size_t i = 0; i < parameters.size(); ++i) EXPECT_TRUE(torch::equal(parameters[i], again[i])) << i;
}

INSTANTIATE_TEST_SUITE_P(Optimizers, FrozenParameters, testing::Values("sgd", "adam", "adamw"),
                         [](const auto& row) { return row.param; });

TEST(FlatParameters, AreThoseThatAreTrained) {
    const auto parameters = parameters_with_gaps();
    const FlatParameters flat(parameters);

    EXPECT_EQ(flat.flat().numel(), 9);
    EXPECT_TRUE(torch::equal(flat.flat().slice(0, 0, 3), parameters[1]));
    EXPECT_ERROR(FlatParameters({torch::ones({2})}), UserError, "none requires a gradient");
}

}  // namespace
}  // namespace stemma
