#pragma once
// A built-in network on a built-in data set, as the training loop sees it.

#include <array>
#include <memory>
#include <vector>

#include "trainer/torch/networks/network.hpp"
#include "trainer/torch/problem.hpp"
#include "trainer/trainer.hpp"

namespace stemma {

/// Nothing here uses LibTorch's global generators, except draws inside TorchScript modules.
class NetworkProblem final : public Problem {
public:
    /// `data` on `device`. Throws Infeasible.
    NetworkProblem(const TorchSettings& settings, const Data& data, torch::Device device, const TrainRequest& request);

    torch::nn::Module& model() override { return *network_; }
    torch::Device device() const override { return device_; }
    Batches batches() const override;
    std::int64_t rows() const override { return data_.train.size(); }
    torch::Tensor loss(const torch::Tensor& rows, torch::Tensor& state) override {
        return loss_on(data_.train, rows, state);
    }
    std::int64_t tune_rows() const override { return data_.tune.size(); }
    torch::Tensor tune_loss(const torch::Tensor& rows, torch::Tensor& state) override {
        return loss_on(data_.tune, rows, state);
    }
    std::unique_ptr<Curvature> curvature(const torch::Tensor& rows) override;
    std::vector<double> evaluate(double train_loss) override;
    at::Generator generator() override { return generator_; }

private:
    torch::Tensor loss_on(const Rows& rows, const torch::Tensor& numbers, torch::Tensor& state);
    torch::Tensor loss_of(const torch::Tensor& output, const torch::Tensor& target) const;
    /// Loss, and accuracy, perplexity or root of the mean squared error.
    std::array<double, 2> measure(const Rows& rows);

    const TorchSettings& settings_;
    torch::Device device_;
    Data data_;  ///< the trainer's tensors; text: cut into streams
    at::Generator generator_;
    std::shared_ptr<Network> network_;
};

}  // namespace stemma
