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

std::string prefix_of(std::size_t number) { return "optimiser/" + std::to_string(number) + "/"; }

/// AdamParamState and AdamWParamState have the same fields, but no common base.
template <class State>
struct Moments {
    static constexpr auto first = "exp_avg";  ///< an array that each parameter with moments has
    static void save(const State& state, const std::string& prefix, Snapshot& snapshot) {
        save_tensor(torch::tensor({state.step()}, torch::kInt64), prefix + "step", snapshot);
        save_tensor(state.exp_avg(), prefix + "exp_avg", snapshot);
        save_tensor(state.exp_avg_sq(), prefix + "exp_avg_sq", snapshot);
        if (state.max_exp_avg_sq().defined()) save_tensor(state.max_exp_avg_sq(), prefix + "max_exp_avg_sq", snapshot);
    }
    static void load(State& state, const torch::Tensor& parameter, const std::string& prefix, const Snapshot& snapshot,
                     bool amsgrad) {
        const auto moment = [&](const char* name) {
            auto tensor = torch::zeros_like(parameter);
            restore_tensor(tensor, prefix + name, snapshot);
            return tensor;
        };
        state.step(load_tensor(snapshot, prefix + "step", torch::kInt64)[0].template item<std::int64_t>());
        state.exp_avg(moment("exp_avg"));
        state.exp_avg_sq(moment("exp_avg_sq"));
        if (!amsgrad) return;
        // A parent without AMSGrad has no maximum yet: its present value is the maximum so far.
        const bool kept = snapshot.find(prefix + "max_exp_avg_sq") != nullptr;
        state.max_exp_avg_sq(moment(kept ? "max_exp_avg_sq" : "exp_avg_sq"));
    }
};

template <>
struct Moments<optim::SGDParamState> {
    static constexpr auto first = "momentum_buffer";
    static void save(const optim::SGDParamState& state, const std::string& prefix, Snapshot& snapshot) {
        if (state.momentum_buffer().defined())
            save_tensor(state.momentum_buffer(), prefix + "momentum_buffer", snapshot);
    }
    static void load(optim::SGDParamState& state, const torch::Tensor& parameter, const std::string& prefix,
                     const Snapshot& snapshot, bool) {
        auto buffer = torch::zeros_like(parameter);
        restore_tensor(buffer, prefix + "momentum_buffer", snapshot);
        state.momentum_buffer(buffer);
    }
};

/// Parameters are numbered through; those that have had no gradient (frozen, unused) have no state.
template <class State>
void save_moments(optim::Optimizer& optimizer, Snapshot& snapshot) {
    const auto& states = optimizer.state();
    const auto& parameters = optimizer.param_groups().front().params();
    for (std::size_t number = 0; number < parameters.size(); ++number) {
        const auto found = states.find(key_in(states, parameters[number]));
        if (found == states.end()) continue;
        Moments<State>::save(static_cast<const State&>(*found->second), prefix_of(number), snapshot);
    }
}

template <class State>
void load_moments(optim::Optimizer& optimizer, const Snapshot& snapshot, bool amsgrad = false) {
    auto& states = optimizer.state();
    const auto& parameters = optimizer.param_groups().front().params();
    for (std::size_t number = 0; number < parameters.size(); ++number) {
        if (snapshot.find(prefix_of(number) + Moments<State>::first) == nullptr) continue;
        auto state = std::make_unique<State>();
        Moments<State>::load(*state, parameters[number], prefix_of(number), snapshot, amsgrad);
        states[key_in(states, parameters[number])] = std::move(state);
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
    if (name == "sgd") save_moments<optim::SGDParamState>(optimizer, snapshot);
    if (name == "adam") save_moments<optim::AdamParamState>(optimizer, snapshot);
    if (name == "adamw") save_moments<optim::AdamWParamState>(optimizer, snapshot);
}

bool load_optimizer(optim::Optimizer& optimizer, const std::string& name, const Snapshot& snapshot) {
    const auto* array = snapshot.find("optimiser/name");
    if (array == nullptr) throw DecodeError("the snapshot has no array \"optimiser/name\"");
    const auto content = snapshot.content(*array);
    if (!std::ranges::equal(content, std::as_bytes(std::span(name)))) return false;
    const auto amsgrad = [&](const auto& options) { return options.amsgrad(); };
    const auto& options = optimizer.param_groups().front().options();
    if (name == "sgd") load_moments<optim::SGDParamState>(optimizer, snapshot);
    if (name == "adam")
        load_moments<optim::AdamParamState>(optimizer, snapshot,
                                            amsgrad(static_cast<const optim::AdamOptions&>(options)));
    if (name == "adamw")
        load_moments<optim::AdamWParamState>(optimizer, snapshot,
                                             amsgrad(static_cast<const optim::AdamWOptions&>(options)));
    return true;
}

}  // namespace stemma
