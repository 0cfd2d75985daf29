// LibTorch's SGD, with coupled weight decay and dampening 0.
#include "trainer/torch/optimizer_code.hpp"
#include "trainer/torch/state.hpp"

namespace stemma {
namespace {

namespace optim = torch::optim;

std::unique_ptr<optim::Optimizer> make(std::vector<torch::Tensor> parameters, const Hyperparameters& h) {
    const auto options = optim::SGDOptions(h.lr).momentum(h.momentum).nesterov(h.nesterov).weight_decay(h.weight_decay);
    return std::make_unique<optim::SGD>(std::move(parameters), options);
}

void save(const optim::OptimizerParamState& moments, const std::string& prefix, Snapshot& snapshot) {
    const auto& state = static_cast<const optim::SGDParamState&>(moments);
    if (state.momentum_buffer().defined()) save_tensor(state.momentum_buffer(), prefix + "momentum_buffer", snapshot);
}

std::unique_ptr<optim::OptimizerParamState> load(const SavedMoments& saved, const optim::OptimizerOptions&) {
    auto state = std::make_unique<optim::SGDParamState>();
    state->momentum_buffer(saved.restore("momentum_buffer"));
    return state;
}

std::int64_t count(optim::OptimizerParamState&) { return 1; }

std::vector<double> values(const optim::OptimizerOptions& options, std::int64_t) { return {options.get_lr()}; }

void update(torch::Tensor& parameter, optim::OptimizerParamState* moments, const torch::Tensor& values,
            const optim::OptimizerOptions& options) {
    const auto& h = static_cast<const optim::SGDOptions&>(options);
    auto direction = parameter.grad();
    if (h.weight_decay() != 0) direction = direction.add(parameter, h.weight_decay());
    if (moments != nullptr) {
        auto& buffer = static_cast<optim::SGDParamState&>(*moments).momentum_buffer();
        buffer.mul_(h.momentum()).add_(direction);
        direction = h.nesterov() ? direction.add(buffer, h.momentum()) : buffer;
    }
    parameter.addcmul_(direction, values[0], -1);
}

}  // namespace

OptimizerCode sgd_optimizer() {
    return {make, save, "momentum_buffer", load, count, values, update, [](double, bool) { return make_sgd_rule(); }};
}

}  // namespace stemma
