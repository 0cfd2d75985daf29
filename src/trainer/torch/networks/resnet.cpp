// ResNet-18 (He et al., arXiv 1512.03385) as torchvision has it: 7x7 convolution with stride 2, batch norm, ReLU, 3x3
// max-pool with stride 2; four stages of two basic blocks with width, 2, 4 and 8 times width maps; mean over the image,
// linear layer. Parameters and buffers have torchvision's names. With width = 64 they have its shapes. Convolutions
// start as draw_kaiming(), batch norms with 1 and 0.
#include "trainer/torch/networks/graph.hpp"
#include "trainer/torch/networks/initial_weights.hpp"
#include "trainer/torch/networks/network.hpp"
#include "trainer/torch/networks/tape.hpp"

namespace stemma {
namespace {

namespace nn = torch::nn;

/// Without bias, and padded so that only the stride makes the image smaller.
class Convolution : public nn::Module {
public:
    Convolution(std::int64_t in, std::int64_t out, std::int64_t kernel, std::int64_t stride, at::Generator& generator)
        : stride_(stride), padding_(kernel / 2) {
        weight_ = register_parameter("weight", torch::empty({out, in, kernel, kernel}));
        draw_kaiming(weight_, generator);
    }
    template <class Pass>
    typename Pass::Node describe(Pass& pass, const typename Pass::Node& x) {
        return pass.convolution(x, weight_, {}, stride_, padding_);
    }

private:
    torch::Tensor weight_;
    std::int64_t stride_, padding_;
};

/// A convolution and a batch norm, with torchvision's names 0 and 1.
class Downsample : public nn::Module {
public:
    Downsample(std::int64_t in, std::int64_t out, std::int64_t stride, at::Generator& generator) {
        convolution_ = register_module("0", std::make_shared<Convolution>(in, out, 1, stride, generator));
        norm_ = register_module("1", nn::BatchNorm2d(out));
    }
    template <class Pass>
    typename Pass::Node describe(Pass& pass, const typename Pass::Node& x) {
        return pass.batch_norm(convolution_->describe(pass, x), norm_);
    }

private:
    std::shared_ptr<Convolution> convolution_;
    nn::BatchNorm2d norm_{nullptr};
};

class BasicBlock : public nn::Module {
public:
    BasicBlock(std::int64_t in, std::int64_t out, std::int64_t stride, at::Generator& generator) {
        conv1_ = register_module("conv1", std::make_shared<Convolution>(in, out, 3, stride, generator));
        bn1_ = register_module("bn1", nn::BatchNorm2d(out));
        conv2_ = register_module("conv2", std::make_shared<Convolution>(out, out, 3, 1, generator));
        bn2_ = register_module("bn2", nn::BatchNorm2d(out));
        if (stride == 1 && in == out) return;
        downsample_ = register_module("downsample", std::make_shared<Downsample>(in, out, stride, generator));
    }

    template <class Pass>
    typename Pass::Node describe(Pass& pass, const typename Pass::Node& x) {
        auto out = pass.relu(pass.batch_norm(conv1_->describe(pass, x), bn1_));
        out = pass.batch_norm(conv2_->describe(pass, out), bn2_);
        return pass.relu(pass.sum(out, downsample_ ? downsample_->describe(pass, x) : x));
    }

private:
    std::shared_ptr<Convolution> conv1_, conv2_;
    nn::BatchNorm2d bn1_{nullptr}, bn2_{nullptr};
    std::shared_ptr<Downsample> downsample_;
};

/// Two basic blocks, with torchvision's names 0 and 1.
class Stage : public nn::Module {
public:
    Stage(std::int64_t in, std::int64_t out, std::int64_t stride, at::Generator& generator) {
        // The second one is drawn first, as it has always been: a seed keeps its weights.
        second_ = std::make_shared<BasicBlock>(out, out, 1, generator);
        first_ = register_module("0", std::make_shared<BasicBlock>(in, out, stride, generator));
        register_module("1", second_);
    }
    template <class Pass>
    typename Pass::Node describe(Pass& pass, const typename Pass::Node& x) {
        return second_->describe(pass, first_->describe(pass, x));
    }

private:
    std::shared_ptr<BasicBlock> first_, second_;
};

class ResNet18 : public Network {
public:
    ResNet18(const Data& data, std::int64_t width, const Kernels& kernels, at::Generator& generator)
        : kernels_(kernels) {
        conv1_ = register_module("conv1", std::make_shared<Convolution>(data.train.x.size(1), width, 7, 2, generator));
        bn1_ = register_module("bn1", nn::BatchNorm2d(width));
        auto maps = width;
        for (int stage = 0; stage < 4; ++stage) {
            const auto out = width << stage;
            const std::int64_t stride = stage == 0 ? 1 : 2;
            stages_.push_back(register_module("layer" + std::to_string(stage + 1),
                                              std::make_shared<Stage>(maps, out, stride, generator)));
            maps = out;
        }
        fc_ = register_module("fc", nn::Linear(maps, data.classes));
        draw_uniform(fc_->weight, fc_->bias, generator);
    }

    torch::Tensor forward(torch::Tensor x) override {
        Graph graph(kernels_.twice_by_graph());
        return describe(graph, graph.input(x));
    }

    std::unique_ptr<Curvature> curvature(const torch::Tensor& x, const torch::Tensor& y) override {
        if (!is_training()) return nullptr;
        Tape tape(parameters());
        describe(tape, tape.input(x));
        return std::move(tape).loss(y);
    }

private:
    template <class Pass>
    typename Pass::Node describe(Pass& pass, typename Pass::Node x) {
        x = pass.relu(pass.batch_norm(conv1_->describe(pass, x), bn1_));
        x = pass.max_pool(x, 3, 2, 1);
        for (auto& stage : stages_) x = stage->describe(pass, x);
        return pass.linear(pass.mean_of_images(x), fc_);
    }

    Kernels kernels_;
    std::shared_ptr<Convolution> conv1_;
    nn::BatchNorm2d bn1_{nullptr};
    std::vector<std::shared_ptr<Stage>> stages_;
    nn::Linear fc_{nullptr};
};

}  // namespace

std::shared_ptr<Network> make_resnet18(const NetworkRecipe& recipe) {
    constexpr double weights_at_64 = 11.2e6;  // all but the stem and the last layer grow with the square
    const auto width = static_cast<double>(recipe.h.width);
    demand_memory(recipe, "width = " + std::to_string(recipe.h.width), weights_at_64 * (width / 64) * (width / 64));
    return std::make_shared<ResNet18>(recipe.data, recipe.h.width, recipe.kernels, recipe.generator);
}

}  // namespace stemma
