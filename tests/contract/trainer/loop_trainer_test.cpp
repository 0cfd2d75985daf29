// A user's task whose loop is Stemma's, with what a loop could forget: batch norm, momentum, a short last batch.

#include "contract/trainer/trainer_suite.hpp"
#include "trainer/torch/stemma_torch.hpp"

namespace stemma {
namespace {

struct Net : torch::nn::Module {
    Net()
        : in(register_module("in", torch::nn::Linear(3, 8))),
          norm(register_module("norm", torch::nn::BatchNorm1d(8))),
          out(register_module("out", torch::nn::Linear(8, 1))) {}
    torch::Tensor forward(const torch::Tensor& x) { return out(torch::relu(norm(in(x)))).squeeze(1); }
    torch::nn::Linear in;
    torch::nn::BatchNorm1d norm;
    torch::nn::Linear out;
};

struct Waves {
    using Model = Net;
    static std::vector<MetricInfo> metrics_of_task() { return {{"valid_loss"}, {"test_loss", true}}; }
    explicit Waves(const TaskContext& context) {
        auto draw = at::make_generator<at::CPUGeneratorImpl>(context.run_seed);
        x = torch::randn({81, 3}, draw);
        y = x.select(1, 0).sin() + x.select(1, 1).square();
    }
    std::shared_ptr<Net> model(const NamedConfiguration&) { return std::make_shared<Net>(); }
    std::int64_t rows() const { return 41; }  // in batches of 8: the last row joins the fifth
    torch::Tensor loss(Net& net, const torch::Tensor& rows) {
        return torch::mse_loss(net.forward(x.index_select(0, rows)), y.index_select(0, rows));
    }
    std::vector<double> evaluate(Net& net) {
        return {loss(net, torch::arange(41, 61)).item<double>(), loss(net, torch::arange(61, 81)).item<double>()};
    }
    torch::Tensor x, y;
};

TrainerCase waves(const std::string& optimizer, const std::string& unit) {
    std::vector<Parameter> parameters(4);
    parameters[0] = {"lr", Real{1e-4, 1, Scale::log, {}}, Role::fixed, {}, {}, {}};
    parameters[1] = {"momentum", Real{0, 0.99, Scale::linear, {}}, Role::fixed, {}, {}, {}};
    parameters[2] = {"batch_size", Integer{1, 64, Scale::linear, {}}, Role::fixed, {}, {}, {}};
    parameters[3] = {"optimiser", Categorical{{"sgd", "adam", "adamw"}}, Role::fixed, {}, {}, {}};
    const auto space = std::make_shared<const SearchSpace>(parameters);
    TaskContext context;
    context.unit = unit;
    const bool epochs = unit == "epoch";
    return {optimizer + "_by_" + unit,
            space,
            [context] { return std::make_unique<LoopTrainer<Waves>>(context); },
            epochs ? 4 : 12,
            epochs,
            {{"lr", 0.02}, {"momentum", 0.5}, {"batch_size", std::int64_t{8}}, {"optimiser", optimizer}}};
}

std::vector<TrainerCase> cases() {
    std::vector<TrainerCase> all;
    for (const auto* unit : {"epoch", "step"}) {
        for (const auto* optimizer : {"sgd", "adam", "adamw"}) all.push_back(waves(optimizer, unit));
    }
    return all;
}

INSTANTIATE_TEST_SUITE_P(Loop, TrainerContract, testing::ValuesIn(cases()), case_name);

}  // namespace
}  // namespace stemma
