// ResNet-18 (He et al., arXiv 1512.03385) as torchvision has it: 7x7 convolution with stride 2, batch norm, ReLU, 3x3
// max-pool with stride 2; four stages of two basic blocks with width, 2, 4 and 8 times width maps; mean over the image,
// linear layer. Parameters and buffers have torchvision's names. With width = 64 they have its shapes. Convolutions
// start as draw_kaiming(), batch norms with 1 and 0.
#include "trainer/torch/kernels/convolution.hpp"
#include "trainer/torch/networks/initial_weights.hpp"
#include "trainer/torch/networks/network.hpp"

namespace stemma {
namespace {

namespace nn = torch::nn;

/// How all layers of a network are made.
struct Make {
    bool twice;  ///< fast second derivatives on a CPU, too (convolution.hpp)
    at::Generator& generator;
};

/// Without bias, and padded so that only the stride makes the image smaller.
class Convolution : public nn::Module {
public:
    Convolution(std::int64_t in, std::int64_t out, std::int64_t kernel, std::int64_t stride, const Make& make)
        : stride_(stride), padding_(kernel / 2), twice_(make.twice) {
        weight_ = register_parameter("weight", torch::empty({out, in, kernel, kernel}));
        draw_kaiming(weight_, make.generator);
    }
    torch::Tensor forward(const torch::Tensor& x) {
        if (twice_) return convolution_twice(x, weight_, stride_, padding_);
        return torch::conv2d(x, weight_, {}, stride_, padding_);
    }

private:
    torch::Tensor weight_;
    std::int64_t stride_, padding_;
    bool twice_;
};

class BasicBlock : public nn::Module {
public:
    BasicBlock(std::int64_t in, std::int64_t out, std::int64_t stride, const Make& make) {
        conv1_ = register_module("conv1", std::make_shared<Convolution>(in, out, 3, stride, make));
        bn1_ = register_module("bn1", nn::BatchNorm2d(out));
        conv2_ = register_module("conv2", std::make_shared<Convolution>(out, out, 3, 1, make));
        bn2_ = register_module("bn2", nn::BatchNorm2d(out));
        if (stride == 1 && in == out) return;
        downsample_ = register_module(
            "downsample",
            nn::Sequential(std::make_shared<Convolution>(in, out, 1, stride, make), nn::BatchNorm2d(out)));
    }

    torch::Tensor forward(const torch::Tensor& x) {
        auto out = torch::relu(bn1_->forward(conv1_->forward(x)));
        out = bn2_->forward(conv2_->forward(out));
        return torch::relu(out + (downsample_ ? downsample_->forward(x) : x));
    }

private:
    std::shared_ptr<Convolution> conv1_, conv2_;
    nn::BatchNorm2d bn1_{nullptr}, bn2_{nullptr};
    nn::Sequential downsample_{nullptr};
};

class ResNet18 : public Network {
public:
    ResNet18(const Data& data, std::int64_t width, const Make& make) {
        conv1_ = register_module("conv1", std::make_shared<Convolution>(data.train.x.size(1), width, 7, 2, make));
        bn1_ = register_module("bn1", nn::BatchNorm2d(width));
        auto maps = width;
        for (int stage = 0; stage < 4; ++stage) {
            const auto out = width << stage;
            const std::int64_t stride = stage == 0 ? 1 : 2;
            nn::Sequential blocks(std::make_shared<BasicBlock>(maps, out, stride, make),
                                  std::make_shared<BasicBlock>(out, out, 1, make));
            stages_.push_back(register_module("layer" + std::to_string(stage + 1), blocks));
            maps = out;
        }
        fc_ = register_module("fc", nn::Linear(maps, data.classes));
        draw_uniform(fc_->weight, fc_->bias, make.generator);
    }

    torch::Tensor forward(torch::Tensor x) override {
        x = torch::relu(bn1_->forward(conv1_->forward(x)));
        x = torch::max_pool2d(x, 3, 2, 1);
        for (auto& stage : stages_) x = stage->forward(x);
        return fc_->forward(x.mean({2, 3}));
    }

private:
    std::shared_ptr<Convolution> conv1_;
    nn::BatchNorm2d bn1_{nullptr};
    std::vector<nn::Sequential> stages_;
    nn::Linear fc_{nullptr};
};

}  // namespace

std::shared_ptr<Network> make_resnet18(const NetworkRecipe& recipe) {
    constexpr double weights_at_64 = 11.2e6;  // all but the stem and the last layer grow with the square
    const auto width = static_cast<double>(recipe.h.width);
    demand_memory(recipe, "width = " + std::to_string(recipe.h.width), weights_at_64 * (width / 64) * (width / 64));
    return std::make_shared<ResNet18>(recipe.data, recipe.h.width, Make{recipe.kernels.twice, recipe.generator});
}

}  // namespace stemma
