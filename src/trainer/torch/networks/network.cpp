#include "trainer/torch/networks/network.hpp"

#include <unistd.h>

#include <cmath>
#include <utility>

#include "core/error.hpp"
#include "trainer/torch/kernels/convolution.hpp"
#include "trainer/torch/kernels/first_block.hpp"
#include "trainer/torch/networks/initial_weights.hpp"
#include "trainer/torch/networks/lstm.hpp"
#include "trainer/torch/networks/resnet.hpp"
#include "trainer/torch/networks/script_network.hpp"

namespace stemma {
namespace {

namespace nn = torch::nn;

template <class Module>
void initialize(Module& module, at::Generator& generator) {
    draw_uniform(module->weight, module->bias, generator);
}

torch::Tensor activate(const torch::Tensor& x, const std::string& activation) {
    if (activation == "relu") return torch::relu(x);
    if (activation == "tanh") return torch::tanh(x);
    if (activation == "gelu") return torch::gelu(x);
    return torch::silu(x);
}

class Mlp : public Network {
public:
    Mlp(const Data& data, const Hyperparameters& h, at::Generator& generator)
        : activation_(h.activation), dropout_(h.dropout), generator_(generator) {
        auto inputs = data.features();
        for (std::int64_t layer = 0; layer < h.layers; ++layer) {
            linears_.push_back(register_module("linear" + std::to_string(layer + 1), nn::Linear(inputs, h.width)));
            if (h.batch_norm)
                norms_.push_back(register_module("norm" + std::to_string(layer + 1), nn::BatchNorm1d(h.width)));
            inputs = h.width;
        }
        output_ = register_module("output", nn::Linear(inputs, std::max<std::int64_t>(data.classes, 1)));
        for (auto& linear : linears_) initialize(linear, generator_);
        initialize(output_, generator_);
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

class LeNet : public Network {
public:
    LeNet(const Data& data, const Hyperparameters& h, Kernels kernels, at::Generator& generator)
        : dropout_(h.dropout), kernels_(kernels), generator_(generator) {
        conv1_ = register_module("conv1", nn::Conv2d(nn::Conv2dOptions(1, 10, 5)));
        conv2_ = register_module("conv2", nn::Conv2d(nn::Conv2dOptions(10, 20, 5)));
        linear1_ = register_module("linear1", nn::Linear(320, 50));
        linear2_ = register_module("linear2", nn::Linear(50, data.classes));
        initialize(conv1_, generator_);
        initialize(conv2_, generator_);
        initialize(linear1_, generator_);
        initialize(linear2_, generator_);
    }

    torch::Tensor forward(torch::Tensor x) override {
        if (kernels_.fused && has_first_block(x, conv1_->weight)) {
            x = first_block(x, conv1_->weight, conv1_->bias);
        } else {
            x = torch::relu(torch::max_pool2d(conv1_->forward(x), 2));
        }
        // oneDNN's convolutions of a few maps compute their gradients in half the time when the maps lie innermost.
        if (kernels_.fused && x.is_cpu()) x = x.contiguous(at::MemoryFormat::ChannelsLast);
        x = kernels_.twice ? convolution_twice(x, conv2_->weight, 1, 0) + conv2_->bias.view({1, -1, 1, 1})
                           : conv2_->forward(x);
        if (is_training()) x = drop(x, dropout_, true, generator_);
        x = torch::relu(torch::max_pool2d(x, 2));
        x = torch::relu(linear1_->forward(x.flatten(1)));
        if (is_training()) x = drop(x, 0.5, false, generator_);
        return linear2_->forward(x);
    }

private:
    nn::Conv2d conv1_{nullptr}, conv2_{nullptr};
    nn::Linear linear1_{nullptr}, linear2_{nullptr};
    double dropout_;
    Kernels kernels_;
    at::Generator& generator_;
};

double weights_of(const std::string& model, const Data& data, const Hyperparameters& h) {
    const auto width = static_cast<double>(h.width);
    const auto layers = static_cast<double>(h.layers);
    if (model == "resnet18") return resnet18_weights(width);
    if (model == "lstm") return lstm_weights(static_cast<double>(data.classes), width, layers);
    return layers == 0 ? 0 : static_cast<double>(data.features()) * width + (layers - 1) * width * width;
}

/// Linux grants memory that it does not have and later kills the process. Networks that cannot fit are thus refused
/// beforehand.
void demand_memory(const std::string& model, const Data& data, const Hyperparameters& h) {
    const auto batch = static_cast<double>(std::min(h.batch_size, data.train.size()));
    const double activations = model == "mlp" ? 4 * batch * static_cast<double>(h.width * h.layers) : 0;
    const double bytes = sizeof(float) * (weights_of(model, data, h) * (h.optimizer == "sgd" ? 3 : 4) + activations);
    const double memory = static_cast<double>(sysconf(_SC_PHYS_PAGES)) * static_cast<double>(sysconf(_SC_PAGESIZE));
    if (bytes <= memory) return;
    throw Infeasible("width = " + std::to_string(h.width) +
                     (model == "resnet18" ? "" : " with layers = " + std::to_string(h.layers)) + " needs about " +
                     std::to_string(std::llround(bytes * 1e-9)) + " GB to train; this host has " +
                     std::to_string(std::llround(memory * 1e-9)) + " GB");
}

}  // namespace

torch::Tensor Network::forward_from(torch::Tensor&, torch::Tensor x) { return forward(std::move(x)); }

std::unique_ptr<Curvature> Network::curvature(const torch::Tensor&, const torch::Tensor&) { return nullptr; }

std::shared_ptr<Network> make_network(const std::string& model, const Data& data,
                                      const Hyperparameters& hyperparameters, Kernels kernels,
                                      at::Generator& generator) {
    if (model == "mlp" || model == "resnet18" || model == "lstm") demand_memory(model, data, hyperparameters);
    if (model == "mlp") return std::make_shared<Mlp>(data, hyperparameters, generator);
    if (model == "resnet18") return make_resnet18(data, hyperparameters, kernels.twice, generator);
    if (model == "lstm") return make_lstm(data, hyperparameters, kernels.fused && !kernels.twice, generator);
    if (model == "torchscript") return make_script_network(hyperparameters.module, generator);
    ensure(model == "lenet", "the model's name has been checked");
    return std::make_shared<LeNet>(data, hyperparameters, kernels, generator);
}

torch::Tensor drop(const torch::Tensor& x, double p, bool maps, at::Generator& generator) {
    if (p <= 0) return x;
    if (p >= 1) return x * 0;
    auto mask = maps ? torch::empty({x.size(0), x.size(1), 1, 1}, x.options()) : torch::empty_like(x);
    return x * mask.bernoulli_(1 - p, generator).div_(1 - p);
}

}  // namespace stemma
