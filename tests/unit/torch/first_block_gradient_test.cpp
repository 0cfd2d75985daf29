// LeNet's first block as one operation against the composed operations, by LibTorch's automatic differentiation: first
// to third derivatives.

#include "trainer/torch/kernels/first_block.hpp"

#include <gtest/gtest.h>

namespace stemma {
namespace {

struct Derivatives {
    std::vector<torch::Tensor> first, second, third;
};

/// Of a loss that is a cubic of the block's output; each but the first along fixed vectors.
template <class Block>
Derivatives derivatives(const Block& block, const torch::Tensor& weight, const torch::Tensor& bias,
                        const torch::Tensor& factors, const std::vector<torch::Tensor>& along) {
    const auto y = block(weight, bias);
    const auto loss = (y.square() * y * factors).sum();
    Derivatives result;
    result.first = torch::autograd::grad({loss}, {weight, bias}, {}, true, /*create_graph=*/true);
    result.second = torch::autograd::grad(result.first, {weight, bias}, along, true, /*create_graph=*/true);
    result.third = torch::autograd::grad(result.second, {weight, bias}, along);
    return result;
}

TEST(FirstBlockGradient, DerivativesAreThoseOfTheComposedOperations) {
    auto generator = at::globalContext().defaultGenerator(torch::kCPU).clone();
    generator.set_current_seed(3);
    const auto draws = [&](std::vector<std::int64_t> sizes) { return torch::empty(sizes).normal_(0, 1, generator); };
    const auto x = draws({5, 1, 28, 28}), factors = draws({5, 3, 12, 12});
    const auto weight = draws({3, 1, 5, 5}).requires_grad_(), bias = draws({3}).requires_grad_();
    const std::vector<torch::Tensor> along{draws({3, 1, 5, 5}), draws({3})};

    const auto fused =
        derivatives([&](const auto& w, const auto& b) { return first_block(x, w, b); }, weight, bias, factors, along);
    const auto composed = derivatives(
        [&](const auto& w, const auto& b) { return torch::relu(torch::max_pool2d(torch::conv2d(x, w, b), 2)); }, weight,
        bias, factors, along);

    const auto close = [](const torch::Tensor& one, const torch::Tensor& other) {
        return (one - other).norm().item<double>() < 1e-4 * other.norm().item<double>();
    };
    for (std::size_t i = 0; i < 2; ++i) {
        EXPECT_GT(composed.third[i].abs().min().item<double>(), 0);
        EXPECT_TRUE(close(fused.first[i], composed.first[i])) << i;
        EXPECT_TRUE(close(fused.second[i], composed.second[i])) << i;
        EXPECT_TRUE(close(fused.third[i], composed.third[i])) << i;
    }
}

}  // namespace
}  // namespace stemma
