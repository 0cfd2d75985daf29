// conv 5x5 to 10 maps, max-pool 2, ReLU; conv 5x5 to 20 maps, dropout of whole maps, max-pool 2, ReLU; 320-50, ReLU,
// dropout 0.5; 50-classes (Scardigli et al., arXiv 2109.14925, and their experiments' code).
#include "trainer/torch/networks/graph.hpp"
#include "trainer/torch/networks/initial_weights.hpp"
#include "trainer/torch/networks/network.hpp"
#include "trainer/torch/networks/tape.hpp"

namespace stemma {
namespace {

namespace nn = torch::nn;

class LeNet : public Network {
public:
    explicit LeNet(const NetworkRecipe& recipe)
        : dropout_(recipe.h.dropout), kernels_(recipe.kernels), generator_(recipe.generator) {
        conv1_ = register_module("conv1", nn::Conv2d(nn::Conv2dOptions(1, 10, 5)));
        conv2_ = register_module("conv2", nn::Conv2d(nn::Conv2dOptions(10, 20, 5)));
        linear1_ = register_module("linear1", nn::Linear(320, 50));
        linear2_ = register_module("linear2", nn::Linear(50, recipe.data.classes));
        draw_uniform(conv1_->weight, conv1_->bias, generator_);
        draw_uniform(conv2_->weight, conv2_->bias, generator_);
        draw_uniform(linear1_->weight, linear1_->bias, generator_);
        draw_uniform(linear2_->weight, linear2_->bias, generator_);
    }

    torch::Tensor forward(torch::Tensor x) override {
        Graph graph(kernels_.twice_by_graph());
        return describe(graph, graph.input(x));
    }

    std::unique_ptr<Curvature> curvature(const torch::Tensor& x, const torch::Tensor& y) override {
        Tape tape(parameters());
        describe(tape, tape.input(x));
        return std::move(tape).loss(y);
    }

private:
    template <class Pass>
    typename Pass::Node describe(Pass& pass, typename Pass::Node x) {
        if (kernels_.fused && has_first_block(pass.value(x), conv1_->weight)) {
            x = pass.first_block(x, conv1_->weight, conv1_->bias);
        } else {
            x = pass.relu(pass.max_pool(pass.convolution(x, conv1_->weight, conv1_->bias, 1, 0), 2, 2, 0));
        }
        // oneDNN's convolutions of a few maps compute their gradients in half the time when the maps lie innermost.
        if (kernels_.fused && pass.value(x).is_cpu()) x = pass.channels_last(x);
        x = pass.convolution(x, conv2_->weight, conv2_->bias, 1, 0);
        if (is_training()) x = pass.masked(x, dropout_mask(pass.value(x), dropout_, true, generator_));
        x = pass.flatten(pass.relu(pass.max_pool(x, 2, 2, 0)));
        x = pass.relu(pass.linear(x, linear1_));
        if (is_training()) x = pass.masked(x, dropout_mask(pass.value(x), 0.5, false, generator_));
        return pass.linear(x, linear2_);
    }

    nn::Conv2d conv1_{nullptr}, conv2_{nullptr};
    nn::Linear linear1_{nullptr}, linear2_{nullptr};
    double dropout_;
    Kernels kernels_;
    at::Generator& generator_;
};

}  // namespace

std::shared_ptr<Network> make_lenet(const NetworkRecipe& recipe) { return std::make_shared<LeNet>(recipe); }

}  // namespace stemma
