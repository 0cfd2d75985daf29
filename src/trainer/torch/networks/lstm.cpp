#include "trainer/torch/networks/lstm.hpp"

#include <cmath>

#include "trainer/torch/networks/initial_weights.hpp"

namespace stemma {
namespace {

namespace nn = torch::nn;

class LstmLayer : public nn::Module {
public:
    LstmLayer(std::int64_t width, bool fused, at::Generator& generator) : fused_(fused) {
        const double bound = 1 / std::sqrt(static_cast<double>(width));
        const auto weight = [&](const char* name, at::IntArrayRef shape) {
            weights_.push_back(register_parameter(name, torch::empty(shape)));
            const torch::NoGradGuard no_grad;
            weights_.back().uniform_(-bound, bound, generator);
        };
        weight("weight_ih", {4 * width, width});
        weight("weight_hh", {4 * width, width});
        weight("bias_ih", {4 * width});
        weight("bias_hh", {4 * width});
    }

    std::tuple<torch::Tensor, torch::Tensor, torch::Tensor> forward(const torch::Tensor& x, const torch::Tensor& h,
                                                                    const torch::Tensor& c) {
        if (!fused_) return composed_lstm(x, h, c, weights_);
        auto [y, last_h, last_c] =
            at::lstm(x, {h.unsqueeze(0), c.unsqueeze(0)}, weights_, true, 1, 0, is_training(), false, false);
        return {y, last_h.squeeze(0), last_c.squeeze(0)};
    }

private:
    bool fused_;
    std::vector<torch::Tensor> weights_;  ///< the registered parameters
};

class Lstm : public Network {
public:
    Lstm(const Data& data, const Hyperparameters& h, bool fused, at::Generator& generator)
        : width_(h.width), dropout_(h.dropout), generator_(generator) {
        embedding_ = register_module("embedding", nn::Embedding(data.classes, width_));
        const torch::NoGradGuard no_grad;
        embedding_->weight.normal_(0, 1, generator);
        for (std::int64_t layer = 1; layer <= h.layers; ++layer) {
            layers_.push_back(
                register_module("lstm" + std::to_string(layer), std::make_shared<LstmLayer>(width_, fused, generator)));
        }
        decoder_ = register_module("decoder", nn::Linear(width_, data.classes));
        draw_uniform(decoder_->weight, decoder_->bias, generator);
    }

    torch::Tensor forward(torch::Tensor x) override {
        torch::Tensor state;
        return forward_from(state, std::move(x));
    }

    torch::Tensor forward_from(torch::Tensor& state, torch::Tensor x) override {
        auto y = embedding_->forward(x);
        const auto none = torch::zeros({x.size(1), width_}, y.options());
        std::vector<torch::Tensor> outputs, cells;
        for (std::size_t layer = 0; layer < layers_.size(); ++layer) {
            const auto at = static_cast<std::int64_t>(layer);
            if (layer > 0 && is_training()) y = drop(y, dropout_, false, generator_);
            auto [all, output, cell] = layers_[layer]->forward(y, state.defined() ? state[0][at].to(y.options()) : none,
                                                               state.defined() ? state[1][at].to(y.options()) : none);
            y = all;
            outputs.push_back(output.detach());
            cells.push_back(cell.detach());
        }
        if (!layers_.empty()) state = torch::stack({torch::stack(outputs), torch::stack(cells)}).to(torch::kFloat32);
        return decoder_->forward(y.flatten(0, 1));
    }

private:
    std::int64_t width_;
    double dropout_;
    nn::Embedding embedding_{nullptr};
    std::vector<std::shared_ptr<LstmLayer>> layers_;
    nn::Linear decoder_{nullptr};
    at::Generator& generator_;
};

}  // namespace

std::shared_ptr<Network> make_lstm(const NetworkRecipe& recipe) {
    const auto& h = recipe.h;
    const auto words = static_cast<double>(recipe.data.classes);
    const auto width = static_cast<double>(h.width);
    demand_memory(recipe, "width = " + std::to_string(h.width) + " with layers = " + std::to_string(h.layers),
                  2 * words * width + 8 * static_cast<double>(h.layers) * width * width);
    return std::make_shared<Lstm>(recipe.data, h, recipe.kernels.fused && !recipe.kernels.twice, recipe.generator);
}

std::tuple<torch::Tensor, torch::Tensor, torch::Tensor> composed_lstm(const torch::Tensor& x, torch::Tensor h,
                                                                      torch::Tensor c,
                                                                      const std::vector<torch::Tensor>& weights) {
    const auto recurrent = weights.at(1).t();
    std::vector<torch::Tensor> outputs;
    // One product for the inputs of all steps.
    for (const auto& input : torch::linear(x, weights.at(0), weights.at(2) + weights.at(3)).unbind(0)) {
        const auto gates = torch::addmm(input, h, recurrent).chunk(4, 1);
        c = torch::sigmoid(gates[1]) * c + torch::sigmoid(gates[0]) * torch::tanh(gates[2]);
        h = torch::sigmoid(gates[3]) * torch::tanh(c);
        outputs.push_back(h);
    }
    return {torch::stack(outputs), h, c};
}

}  // namespace stemma
