#include "trainer/torch/optimizer.hpp"

#include <algorithm>
#include <array>
#include <sstream>
#include <type_traits>

#include "core/error.hpp"
#include "trainer/torch/optimizer_code.hpp"
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

/// Calls `visit` for each parameter, with the prefix of its arrays. The spelling is the file format's.
template <class Visit>
void visit_parameters(optim::Optimizer& optimizer, const Visit& visit) {
    const auto& parameters = optimizer.param_groups().front().params();
    for (std::size_t number = 0; number < parameters.size(); ++number)
        visit(parameters[number], "optimiser/" + std::to_string(number) + "/");
}

constexpr auto name_array = "optimiser/name";

}  // namespace

OptimizerCode optimizer_code(const std::string& name) {
    using Code = OptimizerCode (*)();
#define STEMMA_OPTIMIZER(id, ...) std::pair<std::string_view, Code>{#id, id##_optimizer},
    static constexpr std::array all{
#include "trainer/torch_library/optimizers.inc"
    };
#undef STEMMA_OPTIMIZER
    const auto found = std::ranges::find(all, name, &std::pair<std::string_view, Code>::first);
    ensure(found != all.end(), "the optimizer's name has been checked");
    return found->second();
}

optim::OptimizerParamState* moments_of(optim::Optimizer& optimizer, const torch::Tensor& parameter) {
    auto& states = optimizer.state();
    const auto found = states.find(key_in(states, parameter));
    return found == states.end() ? nullptr : found->second.get();
}

torch::Tensor SavedMoments::restore(const char* moment) const {
    auto tensor = torch::zeros_like(parameter);
    restore_tensor(tensor, prefix + moment, snapshot);
    return tensor;
}

std::unique_ptr<optim::Optimizer> make_optimizer(std::vector<torch::Tensor> parameters, const Hyperparameters& h) {
    return optimizer_code(h.optimizer).make(std::move(parameters), h);
}

std::unique_ptr<UpdateRule> make_update_rule(const std::string& optimizer, double eps, bool amsgrad) {
    const auto code = optimizer_code(optimizer);
    if (code.rule == nullptr)
        throw Infeasible("optimizer = " + optimizer + " cannot be trained with hypergradients; use another one");
    return code.rule(eps, amsgrad);
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
    snapshot.add(name_array, DType::u8, {static_cast<std::int64_t>(name.size())}, std::as_bytes(std::span(name)));
    const auto code = optimizer_code(name);
    visit_parameters(optimizer, [&](const torch::Tensor& parameter, const std::string& prefix) {
        // Without moments it has had no gradient: frozen, unused.
        if (const auto* moments = moments_of(optimizer, parameter)) code.save(*moments, prefix, snapshot);
    });
}

bool load_optimizer(optim::Optimizer& optimizer, const std::string& name, const Snapshot& snapshot) {
    const auto* array = snapshot.find(name_array);
    if (array == nullptr) throw DecodeError(std::string("the snapshot has no array \"") + name_array + "\"");
    const auto content = snapshot.content(*array);
    if (!std::ranges::equal(content, std::as_bytes(std::span(name)))) return false;
    const auto& options = optimizer.param_groups().front().options();
    auto& states = optimizer.state();
    const auto code = optimizer_code(name);
    visit_parameters(optimizer, [&](const torch::Tensor& parameter, const std::string& prefix) {
        const SavedMoments saved{parameter, prefix, snapshot};
        if (saved.has(code.first)) states[key_in(states, parameter)] = code.load(saved, options);
    });
    return true;
}

}  // namespace stemma
