#include "trainer/torch/networks/operation.hpp"

#include <utility>

#include "trainer/torch/kernels/convolution.hpp"
#include "trainer/torch/kernels/first_block.hpp"

namespace stemma {
namespace {

using Tensors = std::vector<torch::Tensor>;

class LinearMap : public Operation {
public:
    using Function = std::function<torch::Tensor(const torch::Tensor&)>;
    LinearMap(Function function, Function adjoint) : function_(std::move(function)), adjoint_(std::move(adjoint)) {}
    Tensors pull(const torch::Tensor& gradient, ByParameter&) override { return {adjoint_(gradient)}; }
    torch::Tensor push(const Tensors& inputs, const ByParameter&) override { return function_(inputs[0]); }
    Tensors pull_along(const torch::Tensor& change, const ByParameter&, ByParameter&) override {
        return {adjoint_(change)};
    }

private:
    Function function_, adjoint_;
};

class SumOperation : public Operation {
public:
    Tensors pull(const torch::Tensor& gradient, ByParameter&) override { return {gradient, gradient}; }
    torch::Tensor push(const Tensors& inputs, const ByParameter&) override {
        if (!inputs[0].defined()) return inputs[1];
        return inputs[1].defined() ? inputs[0] + inputs[1] : inputs[0];
    }
    Tensors pull_along(const torch::Tensor& change, const ByParameter&, ByParameter&) override {
        return {change, change};
    }
};

class DenseOperation : public Operation {
public:
    DenseOperation(torch::Tensor x, bool moves, ParameterPlace weight, ParameterPlace bias)
        : x_(std::move(x)), moves_(moves), weight_(std::move(weight)), bias_(std::move(bias)) {}

    Tensors pull(const torch::Tensor& gradient, ByParameter& gradients) override {
        gradient_ = gradient;
        gradients[weight_.index] = gradient.t().mm(x_);
        gradients[bias_.index] = gradient.sum(0);
        return {moves_ ? gradient.mm(weight_.value) : torch::Tensor()};
    }

    torch::Tensor push(const Tensors& inputs, const ByParameter& directions) override {
        along_ = inputs[0];
        auto out = torch::addmm(bias_.in(directions), x_, weight_.in(directions).t());
        return along_.defined() ? out.addmm_(along_, weight_.value.t()) : out;
    }

    Tensors pull_along(const torch::Tensor& change, const ByParameter& directions, ByParameter& products) override {
        auto& by_weight = products[weight_.index];
        by_weight = change.t().mm(x_);
        if (along_.defined()) by_weight.addmm_(gradient_.t(), along_);
        products[bias_.index] = change.sum(0);
        if (!moves_) return {torch::Tensor()};
        return {change.mm(weight_.value).addmm_(gradient_, weight_.in(directions))};
    }

private:
    torch::Tensor x_;
    bool moves_;
    ParameterPlace weight_, bias_;
    torch::Tensor gradient_;  ///< of pull()
    torch::Tensor along_;     ///< direction of the input in the last push()
};

class ConvolutionOperation : public Operation {
public:
    ConvolutionOperation(torch::Tensor x, bool moves, ParameterPlace weight, ParameterPlace bias, std::int64_t stride,
                         std::int64_t padding)
        : x_(std::move(x)),
          moves_(moves),
          weight_(std::move(weight)),
          bias_(std::move(bias)),
          stride_(stride),
          padding_(padding) {}

    Tensors pull(const torch::Tensor& gradient, ByParameter& gradients) override {
        gradient_ = gradient;
        if (bias_.value.defined()) gradients[bias_.index] = gradient.sum({0, 2, 3});
        auto [by_x, by_weight] = pulled(gradient, x_, weight_.value, {moves_, true});
        gradients[weight_.index] = by_weight;
        return {by_x};
    }

    torch::Tensor push(const Tensors& inputs, const ByParameter& directions) override {
        along_ = inputs[0];
        auto out = at::conv2d(x_, weight_.in(directions), bias_.in(directions), stride_, padding_);
        return along_.defined() ? out.add_(at::conv2d(along_, weight_.value, {}, stride_, padding_)) : out;
    }

    Tensors pull_along(const torch::Tensor& change, const ByParameter& directions, ByParameter& products) override {
        if (bias_.value.defined()) products[bias_.index] = change.sum({0, 2, 3});
        auto [by_x, by_weight] = pulled(change, x_, weight_.value, {moves_, true});
        if (moves_) {
            const auto also = pulled(gradient_, along_, weight_.in(directions), {true, true});
            by_x.add_(also.first);
            by_weight.add_(also.second);
        }
        products[weight_.index] = by_weight;
        return {by_x};
    }

private:
    std::pair<torch::Tensor, torch::Tensor> pulled(const torch::Tensor& gradient, const torch::Tensor& x,
                                                   const torch::Tensor& weight, std::array<bool, 2> wanted) const {
        return convolution_pull(gradient, x, weight, stride_, padding_, wanted);
    }

    torch::Tensor x_;
    bool moves_;
    ParameterPlace weight_, bias_;
    std::int64_t stride_, padding_;
    torch::Tensor gradient_;  ///< of pull()
    torch::Tensor along_;     ///< direction of the input in the last push()
};

class FirstBlockOperation : public Operation {
public:
    FirstBlockOperation(torch::Tensor x, torch::Tensor places, ParameterPlace weight, ParameterPlace bias)
        : x_(std::move(x)), places_(std::move(places)), weight_(std::move(weight)), bias_(std::move(bias)) {}

    Tensors pull(const torch::Tensor& gradient, ByParameter& gradients) override {
        std::tie(gradients[weight_.index], gradients[bias_.index]) = first_block_pull(gradient, x_, places_);
        return {torch::Tensor()};
    }

    torch::Tensor push(const Tensors&, const ByParameter& directions) override {
        return first_block_push(weight_.in(directions), bias_.in(directions), x_, places_);
    }

    /// The block is linear in its weights at these places.
    Tensors pull_along(const torch::Tensor& change, const ByParameter&, ByParameter& products) override {
        return pull(change, products);
    }

private:
    torch::Tensor x_, places_;
    ParameterPlace weight_, bias_;
};

/// With h = (x - mean) * inverse and P(z) = z - mean(z) - h mean(h z), over a map's numbers: the output is weight * h +
/// bias, h' = inverse * P(x') along x', and the gradient by x is weight * inverse * P(gradient). LibTorch's backward
/// function gives inverse * P(z), the sum of h z, and the sum of z in one go.
class BatchNormOperation : public Operation {
public:
    BatchNormOperation(torch::Tensor x, torch::Tensor mean, torch::Tensor inverse, ParameterPlace weight,
                       ParameterPlace bias)
        : x_(std::move(x)),
          mean_(std::move(mean)),
          inverse_(std::move(inverse)),
          weight_(std::move(weight)),
          bias_(std::move(bias)),
          numbers_(static_cast<double>(x_.numel() / x_.size(1))) {}

    Tensors pull(const torch::Tensor& gradient, ByParameter& gradients) override {
        gradient_ = gradient;
        std::tie(projected_, gradients[weight_.index], gradients[bias_.index]) = project(gradient);
        mean_product_ = gradients[weight_.index] / numbers_;
        return {projected_ * by_map(weight_.value)};
    }

    torch::Tensor push(const Tensors& inputs, const ByParameter& directions) override {
        torch::Tensor products, unused;
        std::tie(along_, products, unused) = project(inputs[0]);
        slope_ = products / numbers_;
        const auto factor = weight_.in(directions)*inverse_;
        auto out = torch::addcmul(by_map(bias_.in(directions)-factor * mean_), x_, by_map(factor));
        return out.addcmul_(along_, by_map(weight_.value));
    }

    Tensors pull_along(const torch::Tensor& change, const ByParameter& directions, ByParameter& products) override {
        const auto crossed = (along_ * gradient_).sum(other_dimensions());
        auto [by_x, by_weight, by_bias] = project(change);
        products[weight_.index] = by_weight + crossed;
        products[bias_.index] = by_bias;
        const auto& weight = weight_.value;
        const auto scale = weight * inverse_;
        const auto by_input = scale * inverse_ * crossed / -numbers_;
        by_x.mul_(by_map(weight));
        by_x.addcmul_(projected_, by_map(weight_.in(directions)-scale * slope_));
        by_x.addcmul_(along_, by_map(-scale * mean_product_));
        by_x.addcmul_(x_, by_map(by_input)).sub_(by_map(by_input * mean_));
        return {by_x};
    }

private:
    /// inverse * P(z) like x, and sums of h z and of z [maps].
    std::tuple<torch::Tensor, torch::Tensor, torch::Tensor> project(const torch::Tensor& z) const {
        return at::native_batch_norm_backward(z, x_, {}, {}, {}, mean_, inverse_, true, 0, {true, true, true});
    }
    torch::Tensor by_map(const torch::Tensor& values) const {
        std::vector<std::int64_t> sizes(static_cast<std::size_t>(x_.dim()), 1);
        sizes[1] = -1;
        return values.view(sizes);
    }
    std::vector<std::int64_t> other_dimensions() const {
        std::vector<std::int64_t> dimensions{0};
        for (std::int64_t i = 2; i < x_.dim(); ++i) dimensions.push_back(i);
        return dimensions;
    }

    torch::Tensor x_, mean_, inverse_;
    ParameterPlace weight_, bias_;
    double numbers_;                                     ///< in a map
    torch::Tensor gradient_, projected_, mean_product_;  ///< of pull(): z, inverse * P(z), mean of h z
    torch::Tensor along_, slope_;                        ///< of the last push(): h', mean of h x'
};

}  // namespace

std::unique_ptr<Operation> make_linear_map(std::function<torch::Tensor(const torch::Tensor&)> function,
                                           std::function<torch::Tensor(const torch::Tensor&)> adjoint) {
    return std::make_unique<LinearMap>(std::move(function), std::move(adjoint));
}

std::unique_ptr<Operation> make_sum() { return std::make_unique<SumOperation>(); }

std::unique_ptr<Operation> make_dense(torch::Tensor x, bool moves, ParameterPlace weight, ParameterPlace bias) {
    return std::make_unique<DenseOperation>(std::move(x), moves, std::move(weight), std::move(bias));
}

std::unique_ptr<Operation> make_convolution(torch::Tensor x, bool moves, ParameterPlace weight, ParameterPlace bias,
                                            std::int64_t stride, std::int64_t padding) {
    return std::make_unique<ConvolutionOperation>(std::move(x), moves, std::move(weight), std::move(bias), stride,
                                                  padding);
}

std::unique_ptr<Operation> make_first_block(torch::Tensor x, torch::Tensor places, ParameterPlace weight,
                                            ParameterPlace bias) {
    return std::make_unique<FirstBlockOperation>(std::move(x), std::move(places), std::move(weight), std::move(bias));
}

std::unique_ptr<Operation> make_batch_norm(torch::Tensor x, torch::Tensor mean, torch::Tensor inverse,
                                           ParameterPlace weight, ParameterPlace bias) {
    return std::make_unique<BatchNormOperation>(std::move(x), std::move(mean), std::move(inverse), std::move(weight),
                                                std::move(bias));
}

}  // namespace stemma
