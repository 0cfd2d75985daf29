#include "trainer/torch/device_update.hpp"

#include "trainer/torch/device.hpp"

namespace stemma {

DeviceUpdate::DeviceUpdate(torch::optim::Optimizer& optimizer, const std::string& name)
    : optimizer_(optimizer), code_(optimizer_code(name)) {}

void DeviceUpdate::prepare() {
    const auto& group = optimizer_.param_groups().front();
    std::int64_t updates = 1;
    for (const auto& parameter : group.params()) {
        if (auto* moments = moments_of(optimizer_, parameter)) updates = code_.count(*moments);
    }
    const auto& first = group.params().front();
    const auto sent_values =
        sent(torch::tensor(code_.values(group.options(), updates)).to(first.dtype()), first.device());
    if (values_.defined()) {
        values_.copy_(sent_values, /*non_blocking=*/true);
    } else {
        values_ = sent_values;
    }
}

void DeviceUpdate::make() {
    const torch::NoGradGuard no_grad;
    const auto& group = optimizer_.param_groups().front();
    for (auto parameter : group.params()) {
        if (parameter.grad().defined())
            code_.update(parameter, moments_of(optimizer_, parameter), values_, group.options());
    }
}

}  // namespace stemma
