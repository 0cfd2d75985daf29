#include "trainer/torch/optimizer.hpp"

#include <sstream>
#include <type_traits>

#include "trainer/torch/state.hpp"

namespace stemma {
namespace {

namespace optim = torch::optim;

/// LibTorch 1 keys an optimizer's state by the text of a tensor's address, LibTorch 2 by the address.
template <class Map>
typename Map::key_type key_in(const Map&, const torch::Tensor& parameter) {
    auto* address = parameter.unsafeGetTensorImpl();
    if constexpr (std::is_same_v<typename Map::key_type, std::string>) {
        std::ostringstream text;
        text << address;
        return text.str();
    } else {
        return address;
    }
}

struct SgdMoments {
    using State = optim::SGDParamState;
    static constexpr auto first = "momentum_buffer";  ///< an array that each parameter with moments has
    static void save(const State& state, const std::string& prefix, Snapshot& snapshot) {
        if (state.momentum_buffer().defined())
            save_tensor(state.momentum_buffer(), prefix + "momentum_buffer", snapshot);
    }
    template <class Restore>
    static void load(State& state, const optim::OptimizerOptions&, const Restore& restore, const std::string&,
                     const Snapshot&) {
        state.momentum_buffer(restore("momentum_buffer"));
    }
};

/// AdamParamState and AdamWParamState have the same fields, but no common base.
template <class S, class Options>
struct AdamMoments {
    using State = S;
    static constexpr auto first = "exp_avg";
    static void save(const State& state, const std::string& prefix, Snapshot& snapshot) {
        save_tensor(torch::tensor({state.step()}, torch::kInt64), prefix + "step", snapshot);
        save_tensor(state.exp_avg(), prefix + "exp_avg", snapshot);
        save_tensor(state.exp_avg_sq(), prefix + "exp_avg_sq", snapshot);
        if (state.max_exp_avg_sq().defined()) save_tensor(state.max_exp_avg_sq(), prefix + "max_exp_avg_sq", snapshot);
    }
    template <class Restore>
    static void load(State& state, const optim::OptimizerOptions& options, const Restore& restore,
                     const std::string& prefix, const Snapshot& snapshot) {
        state.step(load_tensor(snapshot, prefix + "step", torch::kInt64)[0].template item<std::int64_t>());
        state.exp_avg(restore("exp_avg"));
        state.exp_avg_sq(restore("exp_avg_sq"));
        if (!static_cast<const Options&>(options).amsgrad()) return;
        // A parent without AMSGrad has no maximum yet: its present value is the maximum so far.
        const bool kept = snapshot.find(prefix + "max_exp_avg_sq") != nullptr;
        state.max_exp_avg_sq(restore(kept ? "max_exp_avg_sq" : "exp_avg_sq"));
    }
};

/// Calls `visit` for each parameter, with the moments of the optimizer of that name and the prefix of their arrays.
template <class Visit>
void visit_parameters(optim::Optimizer& optimizer, const std::string& name, const Visit& visit) {
    const auto& parameters = optimizer.param_groups().front().params();
    for (std::size_t number = 0; number < parameters.size(); ++number) {
        const auto prefix = "optimiser/" + std::to_string(number) + "/";
        if (name == "sgd") visit(SgdMoments(), parameters[number], prefix);
        if (name == "adam") visit(AdamMoments<optim::AdamParamState, optim::AdamOptions>(), parameters[number], prefix);
        if (name == "adamw")
            visit(AdamMoments<optim::AdamWParamState, optim::AdamWOptions>(), parameters[number], prefix);
    }
}

}  // namespace

std::unique_ptr<optim::Optimizer> make_optimizer(std::vector<torch::Tensor> parameters, const Hyperparameters& h) {
    if (h.optimizer == "sgd") {
        return std::make_unique<optim::SGD>(
            std::move(parameters),
            optim::SGDOptions(h.lr).momentum(h.momentum).nesterov(h.nesterov).weight_decay(h.weight_decay));
    }
    const auto betas = std::make_tuple(h.beta1, h.beta2);
    if (h.optimizer == "adam") {
        return std::make_unique<optim::Adam>(
            std::move(parameters),
            optim::AdamOptions(h.lr).betas(betas).eps(h.eps).weight_decay(h.weight_decay).amsgrad(h.amsgrad));
    }
    return std::make_unique<optim::AdamW>(
        std::move(parameters),
        optim::AdamWOptions(h.lr).betas(betas).eps(h.eps).weight_decay(h.weight_decay).amsgrad(h.amsgrad));
}

void set_learning_rate(optim::Optimizer& optimizer, double lr) {
    for (auto& group : optimizer.param_groups()) group.options().set_lr(lr);
}

void clip_gradients(const std::vector<torch::Tensor>& parameters, double norm) {
    if (norm <= 0) return;
    const torch::NoGradGuard no_grad;
    std::vector<torch::Tensor> lengths;
    for (const auto& parameter : parameters) {
        if (parameter.grad().defined()) lengths.push_back(parameter.grad().norm());
    }
    if (lengths.empty()) return;
    const auto factor = torch::clamp_max(norm / (torch::stack(lengths).norm() + 1e-6), 1.0);
    for (const auto& parameter : parameters) {
        if (parameter.grad().defined()) parameter.grad().mul_(factor);
    }
}

void save_optimizer(optim::Optimizer& optimizer, const std::string& name, Snapshot& snapshot) {
    snapshot.add("optimiser/name", DType::u8, {static_cast<std::int64_t>(name.size())}, std::as_bytes(std::span(name)));
    const auto& states = optimizer.state();
    visit_parameters(optimizer, name, [&]<class M>(M, const torch::Tensor& parameter, const std::string& prefix) {
        const auto found = states.find(key_in(states, parameter));
        if (found == states.end()) return;  // it has had no gradient: frozen, unused
        M::save(static_cast<const typename M::State&>(*found->second), prefix, snapshot);
    });
}

bool load_optimizer(optim::Optimizer& optimizer, const std::string& name, const Snapshot& snapshot) {
    const auto* array = snapshot.find("optimiser/name");
    if (array == nullptr) throw DecodeError("the snapshot has no array \"optimizer/name\"");
    const auto content = snapshot.content(*array);
    if (!std::ranges::equal(content, std::as_bytes(std::span(name)))) return false;
    const auto& options = optimizer.param_groups().front().options();
    auto& states = optimizer.state();
    visit_parameters(optimizer, name, [&]<class M>(M, const torch::Tensor& parameter, const std::string& prefix) {
        if (snapshot.find(prefix + M::first) == nullptr) return;
        auto state = std::make_unique<typename M::State>();
        const auto restore = [&](const char* moment) {
            auto tensor = torch::zeros_like(parameter);
            restore_tensor(tensor, prefix + moment, snapshot);
            return tensor;
        };
        M::load(*state, options, restore, prefix, snapshot);
        states[key_in(states, parameter)] = std::move(state);
    });
    return true;
}

}  // namespace stemma
