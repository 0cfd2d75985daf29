// LibTorch's Adam (coupled weight decay) and AdamW (decoupled).
#include <cmath>

#include "trainer/torch/hypergradient/adam_update.hpp"
#include "trainer/torch/optimizer_code.hpp"
#include "trainer/torch/state.hpp"

namespace stemma {
namespace {

namespace optim = torch::optim;

/// Types of the two with the same members, but no common base.
template <class Optimizer, class Options, class State, bool decoupled>
struct Kind {
    static std::unique_ptr<optim::Optimizer> make(std::vector<torch::Tensor> parameters, const Hyperparameters& h) {
        const auto betas = std::make_tuple(h.beta1, h.beta2);
        const auto options = Options(h.lr).betas(betas).eps(h.eps).weight_decay(h.weight_decay).amsgrad(h.amsgrad);
        return std::make_unique<Optimizer>(std::move(parameters), options);
    }

    static void save(const optim::OptimizerParamState& moments, const std::string& prefix, Snapshot& snapshot) {
        const auto& state = static_cast<const State&>(moments);
        save_tensor(torch::tensor({state.step()}, torch::kInt64), prefix + "step", snapshot);
        save_tensor(state.exp_avg(), prefix + "exp_avg", snapshot);
        save_tensor(state.exp_avg_sq(), prefix + "exp_avg_sq", snapshot);
        if (state.max_exp_avg_sq().defined()) save_tensor(state.max_exp_avg_sq(), prefix + "max_exp_avg_sq", snapshot);
    }

    static std::unique_ptr<optim::OptimizerParamState> load(const SavedMoments& saved,
                                                            const optim::OptimizerOptions& options) {
        auto state = std::make_unique<State>();
        const auto step = load_tensor(saved.snapshot, saved.prefix + "step", torch::kInt64);
        state->step(step[0].template item<std::int64_t>());
        state->exp_avg(saved.restore("exp_avg"));
        state->exp_avg_sq(saved.restore("exp_avg_sq"));
        // A parent without AMSGrad has no maximum yet: its present value is the maximum so far.
        if (static_cast<const Options&>(options).amsgrad())
            state->max_exp_avg_sq(saved.restore(saved.has("max_exp_avg_sq") ? "max_exp_avg_sq" : "exp_avg_sq"));
        return state;
    }

    static std::int64_t count(optim::OptimizerParamState& moments) {
        auto& state = static_cast<State&>(moments);
        state.step(state.step() + 1);
        return state.step();
    }

    /// Step size, root of the second moment's bias, decay.
    static std::vector<double> values(const optim::OptimizerOptions& options, std::int64_t update) {
        const auto& h = static_cast<const Options&>(options);
        const auto [beta1, beta2] = h.betas();
        const auto updates = static_cast<double>(update);
        return {h.lr() / (1 - std::pow(beta1, updates)), std::sqrt(1 - std::pow(beta2, updates)),
                1 - h.lr() * h.weight_decay()};
    }

    static void update(torch::Tensor& parameter, optim::OptimizerParamState* moments, const torch::Tensor& values,
                       const optim::OptimizerOptions& options) {
        const auto& h = static_cast<const Options&>(options);
        const auto [beta1, beta2] = h.betas();
        auto& state = static_cast<State&>(*moments);
        auto direction = parameter.grad();
        if (h.weight_decay() != 0 && decoupled) parameter.mul_(values[2]);
        if (h.weight_decay() != 0 && !decoupled) direction = direction.add(parameter, h.weight_decay());
        state.exp_avg().mul_(beta1).add_(direction, 1 - beta1);
        state.exp_avg_sq().mul_(beta2).addcmul_(direction, direction, 1 - beta2);
        // In place: the recorded kernels write to this memory.
        if (h.amsgrad()) torch::max_out(state.max_exp_avg_sq(), state.max_exp_avg_sq(), state.exp_avg_sq());
        const auto& second = h.amsgrad() ? state.max_exp_avg_sq() : state.exp_avg_sq();
        const auto denominator = second.sqrt().div_(values[1]).add_(h.eps());
        parameter.addcdiv_(state.exp_avg() * values[0], denominator, -1);
    }

    static OptimizerCode code(std::unique_ptr<UpdateRule> (*rule)(double, bool)) {
        return {make, save, "exp_avg", load, count, values, update, rule};
    }
};

}  // namespace

OptimizerCode adam_optimizer() {
    return Kind<optim::Adam, optim::AdamOptions, optim::AdamParamState, false>::code(
        [](double eps, bool amsgrad) { return make_adam_rule(eps, amsgrad, false); });
}

OptimizerCode adamw_optimizer() {
    return Kind<optim::AdamW, optim::AdamWOptions, optim::AdamWParamState, true>::code(
        [](double eps, bool amsgrad) { return make_adam_rule(eps, amsgrad, true); });
}

}  // namespace stemma
