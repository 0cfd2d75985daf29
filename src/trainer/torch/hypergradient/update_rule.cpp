#include "trainer/torch/hypergradient/update_rule.hpp"

#include <cmath>
#include <numbers>
#include <utility>
#include <vector>

namespace stemma {
namespace {

bool logarithmic(Hyper hyper) { return hyper == Hyper::lr || hyper == Hyper::weight_decay; }

/// Closed forms of section 2 for SGD: b' = m b + g + wd w, u = lr b'.
class SgdLinearized : public Linearized {
public:
    SgdLinearized(torch::Tensor weights, torch::Tensor buffer, torch::Tensor new_buffer, UsedValues used)
        : weights_(std::move(weights)),
          buffer_(std::move(buffer)),
          new_buffer_(std::move(new_buffer)),
          used_(std::move(used)) {}

    Pulled pull(const Cotangents& cotangents, bool hypers, bool moments) const override {
        const torch::NoGradGuard no_grad;
        Pulled pulled;
        auto to_buffer = cotangents.update * used_[Hyper::lr];
        if (cotangents.first.defined()) to_buffer += cotangents.first;
        pulled.gradient = to_buffer;
        pulled.weights = to_buffer * used_[Hyper::weight_decay];
        if (moments && buffer_.defined()) pulled.first = to_buffer * used_[Hyper::momentum];
        if (!hypers) return pulled;
        pulled.used[0] = reduced(cotangents.update, new_buffer_, used_[Hyper::lr]);
        pulled.used[1] = to_buffer.dot(weights_);
        if (buffer_.defined()) pulled.used[2] = to_buffer.dot(buffer_);
        return pulled;
    }

private:
    torch::Tensor weights_, buffer_, new_buffer_;
    UsedValues used_;
};

class Sgd : public UpdateRule {
public:
    UpdateResult apply(const torch::Tensor& gradient, const torch::Tensor& weights, const Moments& moments,
                       const UsedValues& used) const override {
        auto buffer = gradient + used[Hyper::weight_decay] * weights;
        if (moments.updates > 0) buffer = used[Hyper::momentum] * moments.first + buffer;
        return {used[Hyper::lr] * buffer, {moments.updates + 1, buffer, {}, {}}};
    }

    void advance(torch::Tensor& weights, const torch::Tensor& gradient, Moments& moments,
                 const UsedValues& used) const override {
        const torch::NoGradGuard no_grad;
        const bool first = moments.updates++ == 0;
        if (used.host) {  // fewer passes over the weights, no small kernels
            const auto& [lr, weight_decay, momentum, unused] = *used.host;
            moments.first = first ? gradient.clone() : moments.first.mul_(momentum).add_(gradient);
            moments.first.add_(weights, weight_decay);
            weights.sub_(moments.first, lr);
            return;
        }
        moments.first = first ? gradient.clone() : moments.first.mul_(used[Hyper::momentum]).add_(gradient);
        moments.first.add_(weights * used[Hyper::weight_decay]);
        weights.sub_(moments.first * used[Hyper::lr]);
    }

    std::pair<UpdateResult, std::unique_ptr<Linearized>> linearize(const torch::Tensor& gradient,
                                                                   const torch::Tensor& weights, const Moments& moments,
                                                                   const UsedValues& used) const override {
        const torch::NoGradGuard no_grad;
        auto result = apply(gradient, weights, moments, used);
        auto linearized = std::make_unique<SgdLinearized>(weights, moments.first, result.moments.first, used);
        return {std::move(result), std::move(linearized)};
    }
};

torch::Tensor leaf(const torch::Tensor& tensor) {
    return tensor.defined() ? tensor.detach().clone().requires_grad_() : tensor;
}

class AutogradLinearized : public Linearized {
public:
    AutogradLinearized(const UpdateRule& rule, const torch::Tensor& gradient, const torch::Tensor& weights,
                       const Moments& moments, const UsedValues& used) {
        const torch::AutoGradMode graph(true);
        inputs_ = {leaf(gradient), leaf(weights), leaf(moments.first), leaf(moments.second), leaf(moments.second_most)};
        UsedValues leaves;
        for (std::size_t hyper = 0; hyper < hyper_count; ++hyper)
            inputs_.push_back(leaves.value[hyper] = leaf(used.value[hyper]));
        result_ = rule.apply(inputs_[0], inputs_[1], {moments.updates, inputs_[2], inputs_[3], inputs_[4]}, leaves);
    }

    UpdateResult detached() const {
        const auto cut = [](const torch::Tensor& t) { return t.defined() ? t.detach() : t; };
        const auto& m = result_.moments;
        return {cut(result_.update), {m.updates, cut(m.first), cut(m.second), cut(m.second_most)}};
    }

    Pulled pull(const Cotangents& cotangents, bool, bool) const override {
        std::vector<torch::Tensor> outputs, vectors;
        const auto add = [&](const torch::Tensor& output, const torch::Tensor& vector) {
            if (!vector.defined() || !output.defined()) return;
            outputs.push_back(output);
            vectors.push_back(vector);
        };
        add(result_.update, cotangents.update);
        add(result_.moments.first, cotangents.first);
        add(result_.moments.second, cotangents.second);
        add(result_.moments.second_most, cotangents.second_most);
        std::vector<torch::Tensor> defined;
        for (const auto& input : inputs_) {
            if (input.defined()) defined.push_back(input);
        }
        const auto gradients = torch::autograd::grad(outputs, defined, vectors, true, false, /*allow_unused=*/true);
        std::array<torch::Tensor, 5 + hyper_count> pulled;
        for (std::size_t input = 0, next = 0; input < inputs_.size(); ++input) {
            if (inputs_[input].defined()) pulled[input] = gradients[next++];
        }
        return {pulled[0], pulled[1], pulled[2], pulled[3], pulled[4], {pulled[5], pulled[6], pulled[7], pulled[8]}};
    }

private:
    std::vector<torch::Tensor> inputs_;  ///< gradient, weights, the moments, the hyperparameters
    UpdateResult result_;
};

}  // namespace

torch::Tensor reduced(const torch::Tensor& a, const torch::Tensor& b, const torch::Tensor& like) {
    return like.dim() == 0 ? a.dot(b) : a * b;
}

torch::Tensor used_from_raw(Hyper hyper, const torch::Tensor& raw) {
    return logarithmic(hyper) ? torch::pow(10.0, raw) : torch::sigmoid(raw);
}

double raw_from_used(Hyper hyper, double used) {
    return logarithmic(hyper) ? std::log10(used) : -std::log(1 / used - 1);
}

torch::Tensor slope(Hyper hyper, const torch::Tensor& used) {
    return logarithmic(hyper) ? used * std::numbers::ln10 : used * (1 - used);
}

void UpdateRule::advance(torch::Tensor& weights, const torch::Tensor& gradient, Moments& moments,
                         const UsedValues& used) const {
    const torch::NoGradGuard no_grad;
    auto result = apply(gradient, weights, moments, used);
    weights.sub_(result.update);
    moments = std::move(result.moments);
}

std::pair<UpdateResult, std::unique_ptr<Linearized>> UpdateRule::linearize(const torch::Tensor& gradient,
                                                                           const torch::Tensor& weights,
                                                                           const Moments& moments,
                                                                           const UsedValues& used) const {
    return linearize_by_autograd(gradient, weights, moments, used);
}

std::pair<UpdateResult, std::unique_ptr<Linearized>> UpdateRule::linearize_by_autograd(const torch::Tensor& gradient,
                                                                                       const torch::Tensor& weights,
                                                                                       const Moments& moments,
                                                                                       const UsedValues& used) const {
    auto linearized = std::make_unique<AutogradLinearized>(*this, gradient, weights, moments, used);
    auto result = linearized->detached();
    return {std::move(result), std::move(linearized)};
}

std::unique_ptr<UpdateRule> make_sgd_rule() { return std::make_unique<Sgd>(); }

}  // namespace stemma
