#include "trainer/torch/kernels/convolution.hpp"

#include <tuple>
#include <utility>

namespace stemma {
namespace {

using torch::autograd::AutogradContext;
using Tensors = torch::autograd::variable_list;

struct Geometry {
    std::int64_t stride, padding;
};

torch::Tensor output(const torch::Tensor& x, const torch::Tensor& weight, Geometry g) {
    return at::conv2d(x, weight, {}, g.stride, g.padding);
}

std::pair<torch::Tensor, torch::Tensor> pulled(const torch::Tensor& gradient, const torch::Tensor& x,
                                               const torch::Tensor& weight, Geometry g, std::array<bool, 2> wanted) {
    return convolution_pull(gradient, x, weight, g.stride, g.padding, wanted);
}

void keep(AutogradContext* context, Geometry g) {
    context->saved_data["stride"] = g.stride;
    context->saved_data["padding"] = g.padding;
}

Geometry kept(AutogradContext* context) {
    return {context->saved_data["stride"].toInt(), context->saved_data["padding"].toInt()};
}

/// The first derivative as a function of its own.
struct ConvolutionGradient : torch::autograd::Function<ConvolutionGradient> {
    static Tensors forward(AutogradContext* context, const torch::Tensor& gradient, const torch::Tensor& x,
                           const torch::Tensor& weight, std::int64_t stride, std::int64_t padding, bool by_x) {
        keep(context, {stride, padding});
        context->set_materialize_grads(false);
        context->save_for_backward({gradient, x, weight});
        const auto [first, second] = pulled(gradient, x, weight, {stride, padding}, {by_x, true});
        return {first.defined() ? first : torch::zeros({}, x.options()), second};
    }

    /// `factors` of the two derivatives; undefined = zero.
    static Tensors backward(AutogradContext* context, Tensors factors) {
        const auto saved = context->get_saved_variables();
        const auto &gradient = saved[0], &x = saved[1], &weight = saved[2];
        const auto g = kept(context);
        const bool has_x = factors[0].defined(), has_weight = factors[1].defined();
        torch::Tensor by_gradient, by_x, by_weight;
        if (has_x) by_gradient = output(factors[0], weight, g);
        if (has_weight) {
            const auto part = output(x, factors[1], g);
            by_gradient = by_gradient.defined() ? by_gradient.add_(part) : part;
        }
        if (has_x || has_weight) {
            std::tie(by_x, by_weight) =
                pulled(gradient, has_x ? factors[0] : x, has_weight ? factors[1] : weight, g, {has_weight, has_x});
        }
        return {by_gradient, by_x, by_weight, {}, {}, {}};
    }
};

struct Convolution : torch::autograd::Function<Convolution> {
    static torch::Tensor forward(AutogradContext* context, const torch::Tensor& x, const torch::Tensor& weight,
                                 std::int64_t stride, std::int64_t padding) {
        keep(context, {stride, padding});
        context->saved_data["by_x"] = x.requires_grad();
        context->save_for_backward({x, weight});
        return output(x, weight, {stride, padding});
    }

    static Tensors backward(AutogradContext* context, const Tensors& gradients) {
        const auto saved = context->get_saved_variables();
        const auto g = kept(context);
        const bool by_x = context->saved_data["by_x"].toBool();
        // With mixed precision images and gradients may be of another type than the weights.
        const auto type = saved[1].scalar_type();
        auto both =
            ConvolutionGradient::apply(gradients[0].to(type), saved[0].to(type), saved[1], g.stride, g.padding, by_x);
        return {by_x ? both[0] : torch::Tensor(), both[1], {}, {}};
    }
};

}  // namespace

std::pair<torch::Tensor, torch::Tensor> convolution_pull(const torch::Tensor& gradient, const torch::Tensor& x,
                                                         const torch::Tensor& weight, std::int64_t stride,
                                                         std::int64_t padding, std::array<bool, 2> wanted) {
    auto [by_x, by_weight, by_bias] =
        at::convolution_backward(gradient, x, weight, at::OptionalIntArrayRef(), {stride, stride}, {padding, padding},
                                 {1, 1}, false, {0, 0}, 1, {wanted[0], wanted[1], false});
    return {by_x, by_weight};
}

torch::Tensor convolution_twice(const torch::Tensor& x, const torch::Tensor& weight, std::int64_t stride,
                                std::int64_t padding) {
    return Convolution::apply(x, weight, stride, padding);
}

}  // namespace stemma
