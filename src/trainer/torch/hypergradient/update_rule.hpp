#pragma once
// Weight updates u(lambda, w) with w' = w - u, as functions that can be differentiated. All weights of a model are one
// vector [n]. SGD is from section 2 of arXiv 2110.10461; Adam and AdamW are beyond the paper.

#include <torch/torch.h>

#include <array>
#include <memory>
#include <optional>
#include <string>

namespace stemma {

/// Hyperparameters of an update in a fixed order. `momentum` is Adam's beta1.
enum class Hyper : std::uint8_t { lr, weight_decay, momentum, beta2 };
constexpr std::size_t hyper_count = 4;

template <class T>
using PerHyper = std::array<T, hyper_count>;

/// Values as an update uses them: scalars [], or the learning rate [n]. `raw` to `used` is 10^raw for lr and weight
/// decay, the logistic function for momentum and beta2.
struct UsedValues {
    PerHyper<torch::Tensor> value;
    std::optional<PerHyper<double>> host;  ///< the same on the host, where all are scalars and reading them is free
    const torch::Tensor& operator[](Hyper hyper) const { return value[static_cast<std::size_t>(hyper)]; }
};
torch::Tensor used_from_raw(Hyper hyper, const torch::Tensor& raw);
double raw_from_used(Hyper hyper, double used);  ///< -infinity for 0: such a value never moves
/// d used / d raw.
torch::Tensor slope(Hyper hyper, const torch::Tensor& used);

/// Sum of products where `like` is a scalar, products where it has an entry for each weight.
torch::Tensor reduced(const torch::Tensor& a, const torch::Tensor& b, const torch::Tensor& like);

/// What a rule keeps between updates; undefined before the first one (`updates` == 0).
struct Moments {
    std::int64_t updates = 0;
    torch::Tensor first;        ///< SGD: the momentum buffer; Adam: mean of gradients
    torch::Tensor second;       ///< Adam: mean of squared gradients
    torch::Tensor second_most;  ///< AMSGrad: largest `second` so far
};

struct UpdateResult {
    torch::Tensor update;  ///< u [n]
    Moments moments;
};

/// Cotangents of an update's results; undefined = zero.
struct Cotangents {
    torch::Tensor update, first, second, second_most;
};

/// Cotangents of an update's arguments; undefined = zero.
struct Pulled {
    torch::Tensor gradient, weights;           ///< `weights`: at fixed gradient
    torch::Tensor first, second, second_most;  ///< the moments before
    PerHyper<torch::Tensor> used;              ///< shaped like the used values
};

/// An update that was made, ready for vector-Jacobian products.
class Linearized {
public:
    virtual ~Linearized() = default;
    /// `hypers`: fill Pulled::used; `moments`: fill the moments'. Elementwise work only: no pass through the model.
    virtual Pulled pull(const Cotangents& cotangents, bool hypers, bool moments) const = 0;
};

class UpdateRule {
public:
    virtual ~UpdateRule() = default;
    /// Pure and differentiable in every argument.
    virtual UpdateResult apply(const torch::Tensor& gradient, const torch::Tensor& weights, const Moments& moments,
                               const UsedValues& used) const = 0;
    /// weights <- weights - u, in place, without a graph.
    virtual void advance(torch::Tensor& weights, const torch::Tensor& gradient, Moments& moments,
                         const UsedValues& used) const;
    /// apply() without a graph, together with what is needed to differentiate the update. Differentiation is automatic
    /// unless a rule has closed forms.
    virtual std::pair<UpdateResult, std::unique_ptr<Linearized>> linearize(const torch::Tensor& gradient,
                                                                           const torch::Tensor& weights,
                                                                           const Moments& moments,
                                                                           const UsedValues& used) const;
    /// As linearize(), always by automatic differentiation.
    std::pair<UpdateResult, std::unique_ptr<Linearized>> linearize_by_autograd(const torch::Tensor& gradient,
                                                                               const torch::Tensor& weights,
                                                                               const Moments& moments,
                                                                               const UsedValues& used) const;
};

/// LibTorch's SGD: coupled weight decay, dampening 0, no Nesterov.
std::unique_ptr<UpdateRule> make_sgd_rule();

}  // namespace stemma
