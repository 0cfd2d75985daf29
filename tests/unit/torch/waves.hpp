#pragma once
// A small task whose loop is Stemma's, with what a loop could forget: batch norm, dropout, a short last batch.

#include "trainer/torch/stemma_torch.hpp"

namespace stemma::test {

struct WavesNet : torch::nn::Module {
    explicit WavesNet(double dropped = 0.2)
        : rate(dropped),
          in(register_module("in", torch::nn::Linear(3, 8))),
          norm(register_module("norm", torch::nn::BatchNorm1d(8))),
          out(register_module("out", torch::nn::Linear(8, 1))) {}
    torch::Tensor forward(const torch::Tensor& x) {
        return out(torch::dropout(torch::relu(norm(in(x))), rate, is_training())).squeeze(1);
    }
    double rate;
    torch::nn::Linear in;
    torch::nn::BatchNorm1d norm;
    torch::nn::Linear out;
};

/// 44 rows in batches of 8 are 6 updates an epoch.
struct Waves {
    using Model = WavesNet;
    static std::vector<MetricInfo> metrics_of_task() { return {{"valid_loss"}, {"test_loss", true}}; }
    explicit Waves(const TaskContext& context) {
        auto draw = at::make_generator<at::CPUGeneratorImpl>(context.run_seed);
        x = torch::randn({100, 3}, draw);
        y = x.select(1, 0).sin() + x.select(1, 1).square();
    }
    std::shared_ptr<WavesNet> model(const NamedConfiguration&) { return std::make_shared<WavesNet>(); }
    std::int64_t rows() const { return 44; }
    torch::Tensor loss(WavesNet& net, const torch::Tensor& rows) { return at_rows(net, rows); }
    std::vector<double> evaluate(WavesNet& net) {
        return {at_rows(net, torch::arange(60, 80)).item<double>(),
                at_rows(net, torch::arange(80, 100)).item<double>()};
    }
    torch::Tensor at_rows(WavesNet& net, const torch::Tensor& rows) {
        return torch::mse_loss(net.forward(x.index_select(0, rows)), y.index_select(0, rows));
    }
    torch::Tensor x, y;
};

/// Of 41 rows in batches of 8 the last row joins the fifth batch.
struct OddWaves : Waves {
    using Waves::Waves;
    std::int64_t rows() const { return 41; }
};

}  // namespace stemma::test
