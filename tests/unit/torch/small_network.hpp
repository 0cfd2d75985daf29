#pragma once
// What the tests of hypergradients share.

#include <gtest/gtest.h>
#include <torch/torch.h>

#include <vector>

namespace stemma::test {

constexpr double tolerance = 1e-12;
inline const auto f64 = torch::TensorOptions().dtype(torch::kFloat64);

inline torch::Tensor vector(std::initializer_list<double> values) {
    return torch::tensor(std::vector<double>(values), f64);
}

inline void expect_near(const torch::Tensor& found, const torch::Tensor& expected, double allowed = tolerance) {
    ASSERT_EQ(found.numel(), expected.numel());
    const auto difference = (found.reshape({-1}) - expected.reshape({-1})).abs().max().item<double>();
    EXPECT_LE(difference, allowed) << found << "\nexpected\n" << expected;
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
    /// Numbers of the rows of a batch, other ones in the next.
    static torch::Tensor rows(int batch) { return torch::arange(batch % 3, batch % 3 + 4, torch::kInt64); }
    torch::Tensor loss_at(const torch::Tensor& numbers) const { return loss(x.index({numbers}), y.index({numbers})); }
    torch::Tensor valid_loss() const { return loss(valid_x, valid_y); }
};

}  // namespace stemma::test
