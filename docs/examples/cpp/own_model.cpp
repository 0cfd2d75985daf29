// A task whose loop is Stemma's: the model, the loss, the data and the metrics are here, the rest is Stemma's.

#include <stemma.hpp>
#include <stemma_torch.hpp>

namespace {

struct Net : torch::nn::Module {
    explicit Net(std::int64_t width)
        : hidden(register_module("hidden", torch::nn::Linear(2, width))),
          out(register_module("out", torch::nn::Linear(width, 1))) {}
    torch::Tensor forward(const torch::Tensor& x) { return out(torch::tanh(hidden(x))).squeeze(1); }
    torch::nn::Linear hidden, out;
};

struct Ripples {
    using Model = Net;

    static std::vector<stemma::MetricInfo> metrics_of_task() { return {{"valid_loss"}, {"test_loss", true}}; }

    explicit Ripples(const stemma::TaskContext& context) {
        auto draw = at::make_generator<at::CPUGeneratorImpl>(context.run_seed);
        const auto device = torch::Device(context.device);
        for (auto* set : {&train, &tune, &valid, &test}) {
            set->x = torch::rand({set == &train ? 2000 : 500, 2}, draw).mul(2).sub(1);
            set->y = torch::sin(set->x.select(1, 0) * 4) + set->x.select(1, 1).square();
            set->x = set->x.to(device);
            set->y = set->y.to(device);
        }
    }
    std::shared_ptr<Net> model(const stemma::NamedConfiguration& configuration) {
        return std::make_shared<Net>(configuration.integer("width"));
    }
    std::int64_t rows() const { return train.y.size(0); }
    torch::Tensor loss(Net& net, const torch::Tensor& rows) { return loss_on(train, net, rows); }
    // These two are needed only if hyperparameters move in training (role = "hypergradient").
    std::int64_t validation_rows() const { return tune.y.size(0); }
    torch::Tensor validation_loss(Net& net, const torch::Tensor& rows) { return loss_on(tune, net, rows); }
    std::vector<double> evaluate(Net& net) {
        const auto loss = [&](const Set& set) { return torch::mse_loss(net.forward(set.x), set.y).item<double>(); };
        return {loss(valid), loss(test)};
    }

    struct Set {
        torch::Tensor x, y;
    };
    static torch::Tensor loss_on(const Set& set, Net& net, const torch::Tensor& rows) {
        const auto at = stemma::sent(rows, set.y.device());  // rows.to(device) would wait for the GPU
        return torch::mse_loss(net.forward(set.x.index_select(0, at)), set.y.index_select(0, at));
    }
    Set train, tune, valid, test;
};

}  // namespace

int main(int argc, char** argv) {
    return stemma::main(argc, argv, {stemma::loop<Ripples>("ripples", {{"lr", "momentum", "batch_size"}})});
}
