// (linear, batch norm, activation, dropout) x layers, linear.
#include "trainer/torch/networks/initial_weights.hpp"
#include "trainer/torch/networks/network.hpp"

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
        x = x.flatten(1);
        for (std::size_t layer = 0; layer < linears_.size(); ++layer) {
            x = linears_[layer]->forward(x);
            if (!norms_.empty()) x = norms_[layer]->forward(x);
            x = activate(x, activation_);
            if (is_training()) x = drop(x, dropout_, false, generator_);
        }
        return output_->forward(x);
    }

    std::unique_ptr<Curvature> curvature(const torch::Tensor& x, const torch::Tensor& y) override {
        if (activation_ != "relu" || !norms_.empty() || (is_training() && dropout_ > 0)) return nullptr;
        return std::make_unique<ReluMlpCurvature>(parameters(), x.flatten(1), y);
    }

private:
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
