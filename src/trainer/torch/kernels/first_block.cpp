#include "trainer/torch/kernels/first_block.hpp"

#include <ATen/Parallel.h>

#include <algorithm>

#include "core/error.hpp"
#include "trainer/torch/kernels/first_block_kernels.hpp"

namespace stemma {
namespace {

using S = FirstBlockShape;

/// Gradients are summed by blocks of images, then over blocks in order. Results have the same bits with any number of
/// threads.
constexpr std::int64_t images_per_block = 32;

/// From the gradient of the outputs to that of weights and biases. Linear in `gradient`, and depends on nothing else
/// but `places`. Its own derivative is therefore the convolution with other weights at these places.
class FirstBlockGradient : public torch::autograd::Function<FirstBlockGradient> {
public:
    static torch::autograd::tensor_list forward(torch::autograd::AutogradContext* context,
                                                const torch::Tensor& gradients, const torch::Tensor& x,
                                                const torch::Tensor& places) {
        context->save_for_backward({x, places});
        auto [by_weight, by_bias] = first_block_pull(gradients, x, places);
        return {by_weight, by_bias};
    }

    static torch::autograd::tensor_list backward(torch::autograd::AutogradContext* context,
                                                 torch::autograd::tensor_list vectors);
};

/// The convolution with `weight` and `bias` at `places` alone, the adjoint of FirstBlockGradient.
class FirstBlockAt : public torch::autograd::Function<FirstBlockAt> {
public:
    static torch::Tensor forward(torch::autograd::AutogradContext* context, const torch::Tensor& weight,
                                 const torch::Tensor& bias, const torch::Tensor& x, const torch::Tensor& places) {
        context->save_for_backward({x, places});
        return first_block_push(weight, bias, x, places);
    }

    static torch::autograd::tensor_list backward(torch::autograd::AutogradContext* context,
                                                 torch::autograd::tensor_list gradients) {
        const auto saved = context->get_saved_variables();
        const auto sums = FirstBlockGradient::apply(gradients[0], saved[0], saved[1]);
        return {sums[0], sums[1], torch::Tensor(), torch::Tensor()};
    }
};

torch::autograd::tensor_list FirstBlockGradient::backward(torch::autograd::AutogradContext* context,
                                                          torch::autograd::tensor_list vectors) {
    const auto saved = context->get_saved_variables();
    return {FirstBlockAt::apply(vectors[0], vectors[1], saved[0], saved[1]), torch::Tensor(), torch::Tensor()};
}

class FirstBlock : public torch::autograd::Function<FirstBlock> {
public:
    static torch::Tensor forward(torch::autograd::AutogradContext* context, const torch::Tensor& x,
                                 const torch::Tensor& weight, const torch::Tensor& bias) {
        auto [values, places] = first_block_pass(x, weight, bias);
        context->save_for_backward({x, places});
        return values;
    }

    static torch::autograd::tensor_list backward(torch::autograd::AutogradContext* context,
                                                 torch::autograd::tensor_list gradients) {
        const auto saved = context->get_saved_variables();
        const auto sums = FirstBlockGradient::apply(gradients[0], saved[0], saved[1]);
        return {torch::Tensor(), sums[0], sums[1]};
    }
};

}  // namespace

std::pair<torch::Tensor, torch::Tensor> first_block_pass(const torch::Tensor& x, const torch::Tensor& weight,
                                                         const torch::Tensor& bias) {
    const auto maps = weight.size(0);
    auto values = torch::empty({x.size(0), maps, S::pooled, S::pooled}, x.options());
    auto places = torch::empty(values.sizes(), x.options().dtype(torch::kUInt8));
    const auto *images = x.data_ptr<float>(), *weights = weight.data_ptr<float>(), *biases = bias.data_ptr<float>();
    auto* out = values.data_ptr<float>();
    auto* where = places.data_ptr<std::uint8_t>();
    at::parallel_for(0, x.size(0), images_per_block, [&](std::int64_t first, std::int64_t last) {
        for (auto image = first; image < last; ++image) {
            const auto offset = image * maps * S::pooled_pixels;
            first_block_forward(images + image * S::pixels, weights, biases, maps, out + offset, where + offset);
        }
    });
    return {values, places};
}

std::pair<torch::Tensor, torch::Tensor> first_block_pull(const torch::Tensor& gradients, const torch::Tensor& x,
                                                         const torch::Tensor& places) {
    const auto maps = places.size(1);
    const auto blocks = (x.size(0) + images_per_block - 1) / images_per_block;
    const auto gradient = gradients.contiguous();
    const auto weight_blocks = torch::zeros({blocks, maps, S::taps}, x.options());
    const auto bias_blocks = torch::zeros({blocks, maps}, x.options());
    const auto *images = x.data_ptr<float>(), *factors = gradient.data_ptr<float>();
    const auto* where = places.data_ptr<std::uint8_t>();
    auto *weight_sums = weight_blocks.data_ptr<float>(), *bias_sums = bias_blocks.data_ptr<float>();
    at::parallel_for(0, blocks, 1, [&](std::int64_t first, std::int64_t last) {
        for (auto image = first * images_per_block; image < std::min(last * images_per_block, x.size(0)); ++image) {
            const auto block = image / images_per_block;
            const auto offset = image * maps * S::pooled_pixels;
            first_block_backward(images + image * S::pixels, factors + offset, where + offset, maps,
                                 weight_sums + block * maps * S::taps, bias_sums + block * maps);
        }
    });
    return {weight_blocks.sum(0).view({maps, 1, S::kernel, S::kernel}), bias_blocks.sum(0)};
}

torch::Tensor first_block_push(const torch::Tensor& weight, const torch::Tensor& bias, const torch::Tensor& x,
                               const torch::Tensor& places) {
    const auto maps = places.size(1);
    auto values = torch::empty(places.sizes(), x.options());
    const auto own_weight = weight.contiguous(), own_bias = bias.contiguous();
    const auto *images = x.data_ptr<float>(), *weights = own_weight.data_ptr<float>(),
               *biases = own_bias.data_ptr<float>();
    const auto* where = places.data_ptr<std::uint8_t>();
    auto* out = values.data_ptr<float>();
    at::parallel_for(0, x.size(0), images_per_block, [&](std::int64_t first, std::int64_t last) {
        for (auto image = first; image < last; ++image) {
            const auto offset = image * maps * S::pooled_pixels;
            first_block_at(images + image * S::pixels, weights, biases, where + offset, maps, out + offset);
        }
    });
    return values;
}

bool has_first_block(const torch::Tensor& x, const torch::Tensor& weight) {
    return x.is_cpu() && x.dim() == 4 && x.size(1) == 1 && x.size(2) == S::width && x.size(3) == S::width &&
           x.scalar_type() == torch::kFloat32 && weight.scalar_type() == torch::kFloat32 && weight.size(2) == S::kernel;
}

torch::Tensor first_block(const torch::Tensor& x, const torch::Tensor& weight, const torch::Tensor& bias) {
    ensure(has_first_block(x, weight), "the first block is for float32 images of 28 x 28 on a CPU, and 5 x 5 kernels");
    return FirstBlock::apply(x.contiguous(), weight.contiguous(), bias.contiguous());
}

}  // namespace stemma
