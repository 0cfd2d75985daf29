#include "trainer/torch/networks/initial_weights.hpp"

#include <cmath>

namespace stemma {

void draw_uniform(torch::Tensor weight, torch::Tensor bias, at::Generator& generator) {
    const torch::NoGradGuard no_grad;
    const double inputs = static_cast<double>(weight[0].numel());
    const double bound = 1 / std::sqrt(inputs);
    weight.uniform_(-bound, bound, generator);
    bias.uniform_(-bound, bound, generator);
}

void draw_kaiming(torch::Tensor weight, at::Generator& generator) {
    const torch::NoGradGuard no_grad;
    const auto fan_out = static_cast<double>(weight.numel() / weight.size(1));
    weight.normal_(0, std::sqrt(2 / fan_out), generator);
}

}  // namespace stemma
