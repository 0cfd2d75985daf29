// (linear, batch norm, activation, dropout) x layers, linear.
#include "trainer/torch/networks/graph.hpp"
#include "trainer/torch/networks/initial_weights.hpp"
#include "trainer/torch/networks/network.hpp"
#include "trainer/torch/networks/tape.hpp"

namespace stemma {
namespace {

namespace nn = torch::nn;

torch::Tensor activate(const torch::Tensor& x, const std::string& activation) {
    if (activation == "relu") return torch::relu(x);
    if (activation == "tanh") return torch::tanh(x);
    if (activation == "gelu") return torch::gelu(x);
    return torch::silu(x);
}

class Mlp : public Network {
public:
    explicit Mlp(const NetworkRecipe& recipe)
        : activation_(recipe.h.activation), dropout_(recipe.h.dropout), generator_(recipe.generator) {
        const auto& h = recipe.h;
        auto inputs = recipe.data.features();
        for (std::int64_t layer = 0; layer < h.layers; ++layer) {
            linears_.push_back(register_module("linear" + std::to_string(layer + 1), nn::Linear(inputs, h.width)));
            if (h.batch_norm)
                norms_.push_back(register_module("norm" + std::to_string(layer + 1), nn::BatchNorm1d(h.width)));
            inputs = h.width;
        }
        output_ = register_module("output", nn::Linear(inputs, std::max<std::int64_t>(recipe.data.classes, 1)));
        for (auto& linear : linears_) draw_uniform(linear->weight, linear->bias, generator_);
        draw_uniform(output_->weight, output_->bias, generator_);
    }

    torch::Tensor forward(torch::Tensor x) override {
        Graph graph(false);
        return describe(graph, x.flatten(1), [&](const auto& y) { return activate(y, activation_); });
    }

    std::unique_ptr<Curvature> curvature(const torch::Tensor& x, const torch::Tensor& y) override {
        if (activation_ != "relu" || (!norms_.empty() && !is_training())) return nullptr;
        if (norms_.empty() && (!is_training() || dropout_ <= 0))
            return std::make_unique<ReluMlpCurvature>(parameters(), x.flatten(1), y);
        Tape tape(parameters());
        describe(tape, tape.input(x.flatten(1)), [&](Tape::Node node) { return tape.relu(node); });
        return std::move(tape).loss(y);
    }

private:
    template <class Pass, class Activate>
    typename Pass::Node describe(Pass& pass, typename Pass::Node x, const Activate& activate_in_pass) {
        for (std::size_t layer = 0; layer < linears_.size(); ++layer) {
            x = pass.linear(x, linears_[layer]);
            if (!norms_.empty()) x = pass.batch_norm(x, norms_[layer]);
            x = activate_in_pass(x);
            if (is_training()) x = pass.masked(x, dropout_mask(pass.value(x), dropout_, false, generator_));
        }
        return pass.linear(x, output_);
    }

    std::vector<nn::Linear> linears_;
    std::vector<nn::BatchNorm1d> norms_;
    nn::Linear output_{nullptr};
    std::string activation_;
    double dropout_;
    at::Generator& generator_;
};

}  // namespace

std::shared_ptr<Network> make_mlp(const NetworkRecipe& recipe) {
    const auto& h = recipe.h;
    const auto width = static_cast<double>(h.width), layers = static_cast<double>(h.layers);
    const auto batch = static_cast<double>(std::min(h.batch_size, recipe.data.train.size()));
    const auto inputs = static_cast<double>(recipe.data.features());
    demand_memory(recipe, "width = " + std::to_string(h.width) + " with layers = " + std::to_string(h.layers),
                  layers == 0 ? 0 : inputs * width + (layers - 1) * width * width, 4 * batch * width * layers);
    return std::make_shared<Mlp>(recipe);
}

}  // namespace stemma
