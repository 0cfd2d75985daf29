// conv 5x5 to 10 maps, max-pool 2, ReLU; conv 5x5 to 20 maps, dropout of whole maps, max-pool 2, ReLU; 320-50, ReLU,
// dropout 0.5; 50-classes (Scardigli et al., arXiv 2109.14925, and their experiments' code).
#include "trainer/torch/kernels/convolution.hpp"
#include "trainer/torch/kernels/first_block.hpp"
#include "trainer/torch/networks/initial_weights.hpp"
#include "trainer/torch/networks/network.hpp"

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

}  // namespace

std::shared_ptr<Network> make_lenet(const NetworkRecipe& recipe) { return std::make_shared<LeNet>(recipe); }

}  // namespace stemma
