#include "trainer/torch/hypergradient/adam_update.hpp"

#include <cmath>
#include <utility>

namespace stemma {
namespace {

/// sqrt(x) whose derivative at 0 is 0: a weight that never had a gradient (behind a dead ReLU) has second moment 0, and
/// 0 times infinity would poison everything.
torch::Tensor safe_sqrt(const torch::Tensor& x) {
    const auto positive = x > 0;
    return torch::where(positive, torch::sqrt(torch::where(positive, x, torch::ones_like(x))), torch::zeros_like(x));
}

/// The largest second moments so far. A parent without AMSGrad has none: they begin with its present ones.
const torch::Tensor& largest_of(const Moments& moments) {
    return moments.second_most.defined() ? moments.second_most : moments.second;
}

/// An update before the learning rate and decoupled decay, with what it is made of.
struct Step {
    torch::Tensor direction;  ///< gradient and coupled decay
    Moments after;
    torch::Tensor root;         ///< of the second moment that counts
    torch::Tensor scale, bias;  ///< 1 - beta1^t, sqrt(1 - beta2^t)
    torch::Tensor denominator;  ///< root / bias + eps
    torch::Tensor step;         ///< after.first / (scale * denominator)
};

class Adam : public UpdateRule {
public:
    Adam(double eps, bool amsgrad, bool decoupled) : eps_(eps), amsgrad_(amsgrad), decoupled_(decoupled) {}

    bool amsgrad() const { return amsgrad_; }
    bool decoupled() const { return decoupled_; }

    Step step_of(const torch::Tensor& gradient, const torch::Tensor& weights, const Moments& moments,
                 const UsedValues& used) const {
        const auto &beta1 = used[Hyper::momentum], &beta2 = used[Hyper::beta2];
        Step s;
        s.direction = decoupled_ ? gradient : gradient + used[Hyper::weight_decay] * weights;
        auto& after = s.after;
        after.updates = moments.updates + 1;
        after.first = (1 - beta1) * s.direction;
        after.second = (1 - beta2) * s.direction * s.direction;
        if (moments.updates > 0) {
            after.first = after.first + beta1 * moments.first;
            after.second = after.second + beta2 * moments.second;
        }
        auto second = after.second;
        if (amsgrad_) {
            after.second_most = moments.updates > 0 ? torch::maximum(largest_of(moments), second) : second;
            second = after.second_most;
        }
        const auto updates = static_cast<double>(after.updates);
        s.root = safe_sqrt(second);
        s.scale = 1 - torch::pow(beta1, updates);
        s.bias = torch::sqrt(1 - torch::pow(beta2, updates));
        s.denominator = s.root / s.bias + eps_;
        s.step = after.first / (s.scale * s.denominator);
        return s;
    }

    torch::Tensor update_of(const Step& step, const torch::Tensor& weights, const UsedValues& used) const {
        const auto& lr = used[Hyper::lr];
        const auto update = lr * step.step;
        return decoupled_ ? update + lr * used[Hyper::weight_decay] * weights : update;
    }

    UpdateResult apply(const torch::Tensor& gradient, const torch::Tensor& weights, const Moments& moments,
                       const UsedValues& used) const override {
        auto step = step_of(gradient, weights, moments, used);
        return {update_of(step, weights, used), std::move(step.after)};
    }

    void advance(torch::Tensor& weights, const torch::Tensor& gradient, Moments& moments,
                 const UsedValues& used) const override {
        if (!used.host || moments.updates == 0) return UpdateRule::advance(weights, gradient, moments, used);
        const torch::NoGradGuard no_grad;  // fewer passes over the weights, no small kernels
        const auto& [lr, weight_decay, beta1, beta2] = *used.host;
        const auto direction = decoupled_ ? gradient : gradient.add(weights, weight_decay);
        moments.first.mul_(beta1).add_(direction, 1 - beta1);
        // Not in place: after the first update the largest one is the same tensor.
        auto second = moments.second.mul(beta2).addcmul_(direction, direction, 1 - beta2);
        moments.second_most = amsgrad_ ? torch::maximum(largest_of(moments), second) : torch::Tensor();
        moments.second = std::move(second);
        const auto updates = static_cast<double>(++moments.updates);
        auto denominator = (amsgrad_ ? moments.second_most : moments.second).sqrt();
        denominator.div_(std::sqrt(1 - std::pow(beta2, updates))).add_(eps_);
        if (decoupled_) weights.mul_(1 - lr * weight_decay);
        weights.addcdiv_(moments.first, denominator, -lr / (1 - std::pow(beta1, updates)));
    }

    std::pair<UpdateResult, std::unique_ptr<Linearized>> linearize(const torch::Tensor& gradient,
                                                                   const torch::Tensor& weights, const Moments& moments,
                                                                   const UsedValues& used) const override;

private:
    double eps_;
    bool amsgrad_, decoupled_;
};

/// Everything is by element, so that the Jacobian by the gradient is a vector. The rule outlives it.
class AdamLinearized : public Linearized {
public:
    AdamLinearized(const Adam& rule, torch::Tensor gradient, torch::Tensor weights, Moments moments, UsedValues used,
                   Step step)
        : rule_(rule),
          gradient_(std::move(gradient)),
          weights_(std::move(weights)),
          moments_(std::move(moments)),
          used_(std::move(used)),
          step_(std::move(step)) {
        const torch::NoGradGuard no_grad;
        const auto& lr = used_[Hyper::lr];
        to_first_ = lr / (step_.scale * step_.denominator);
        const auto positive = step_.root > 0;
        to_second_ = -lr * step_.step / (2 * step_.denominator * step_.bias * step_.root);
        to_second_ = torch::where(positive, to_second_, torch::zeros_like(to_second_));
        if (rule_.amsgrad() && moments_.updates > 0) to_second_ *= step_.after.second.ge(largest_of(moments_));
        to_direction_ =
            to_first_ * (1 - used_[Hyper::momentum]) + to_second_ * (2 * (1 - used_[Hyper::beta2])) * step_.direction;
    }

    Pulled pull(const Cotangents& cotangents, bool hypers, bool moments) const override {
        const bool alone = !cotangents.first.defined() && !cotangents.second.defined() &&
                           !cotangents.second_most.defined() && cotangents.update.defined();
        if (moments || !alone) {
            const auto general = rule_.linearize_by_autograd(gradient_, weights_, moments_, used_).second;
            return general->pull(cotangents, hypers, moments);
        }
        const torch::NoGradGuard no_grad;
        const auto &x = cotangents.update, &lr = used_[Hyper::lr], &weight_decay = used_[Hyper::weight_decay];
        Pulled pulled;
        pulled.gradient = x * to_direction_;
        pulled.weights = (rule_.decoupled() ? x * lr : pulled.gradient) * weight_decay;
        if (hypers) pulled.used = by_hypers(x, pulled.gradient);
        return pulled;
    }

private:
    PerHyper<torch::Tensor> by_hypers(const torch::Tensor& x, const torch::Tensor& to_direction) const {
        const auto &lr = used_[Hyper::lr], &beta1 = used_[Hyper::momentum], &beta2 = used_[Hyper::beta2];
        const auto updates = static_cast<double>(step_.after.updates);
        const bool first = moments_.updates == 0;
        PerHyper<torch::Tensor> out;
        const auto by_lr = rule_.decoupled() ? step_.step + used_[Hyper::weight_decay] * weights_ : step_.step;
        out[0] = reduced(x, by_lr, lr);
        out[1] = (rule_.decoupled() ? x * lr : to_direction).dot(weights_);
        // Each beta acts on its moment and on the correction of its bias.
        const auto update = lr * step_.step;
        const auto to_beta1 = to_first_ * (first ? -step_.direction : moments_.first - step_.direction);
        out[2] = x.dot(to_beta1) + x.dot(update) * updates * torch::pow(beta1, updates - 1) / step_.scale;
        const auto square = step_.direction.square();
        const auto to_beta2 = to_second_ * (first ? -square : moments_.second - square);
        const auto by_bias = x.dot(update * step_.root / step_.denominator);
        out[3] = x.dot(to_beta2) - by_bias * updates * torch::pow(beta2, updates - 1) / (2 * step_.bias.pow(3));
        return out;
    }

    const Adam& rule_;
    torch::Tensor gradient_, weights_;
    Moments moments_;
    UsedValues used_;
    Step step_;
    torch::Tensor to_first_, to_second_, to_direction_;  ///< d update / d of each
};

std::pair<UpdateResult, std::unique_ptr<Linearized>> Adam::linearize(const torch::Tensor& gradient,
                                                                     const torch::Tensor& weights,
                                                                     const Moments& moments,
                                                                     const UsedValues& used) const {
    const torch::NoGradGuard no_grad;
    auto step = step_of(gradient, weights, moments, used);
    UpdateResult result{update_of(step, weights, used), step.after};
    return {std::move(result),
            std::make_unique<AdamLinearized>(*this, gradient, weights, moments, used, std::move(step))};
}

}  // namespace

std::unique_ptr<UpdateRule> make_adam_rule(double eps, bool amsgrad, bool decoupled) {
    return std::make_unique<Adam>(eps, amsgrad, decoupled);
}

}  // namespace stemma
