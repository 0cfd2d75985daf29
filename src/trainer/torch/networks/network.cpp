#include "trainer/torch/networks/network.hpp"

#include <unistd.h>

#include <array>
#include <cmath>
#include <utility>

#include "core/error.hpp"
#include "trainer/torch_library/torch_settings.hpp"

namespace stemma {

torch::Tensor Network::forward_from(torch::Tensor&, torch::Tensor x) { return forward(std::move(x)); }

std::unique_ptr<Curvature> Network::curvature(const torch::Tensor&, const torch::Tensor&) { return nullptr; }

std::shared_ptr<Network> make_network(const std::string& model, const NetworkRecipe& recipe) {
    using Make = std::shared_ptr<Network> (*)(const NetworkRecipe&);
#define STEMMA_MODEL(id, ...) std::pair<std::string_view, Make>{#id, make_##id},
    static constexpr std::array makers{
#include "trainer/torch_library/models.inc"
    };
#undef STEMMA_MODEL
    const auto found = std::ranges::find(makers, model, &std::pair<std::string_view, Make>::first);
    ensure(found != makers.end(), "the model's name has been checked");
    return found->second(recipe);
}

/// Linux grants memory that it does not have and later kills the process. Networks that cannot fit are thus refused
/// beforehand.
void demand_memory(const NetworkRecipe& recipe, const std::string& what, double weights, double activations) {
    // The weights, their gradients, and what the optimizer keeps.
    const double of_each = 2 + torch_optimizer(recipe.h.optimizer).moments;
    const double bytes = sizeof(float) * (weights * of_each + activations);
    const double memory = static_cast<double>(sysconf(_SC_PHYS_PAGES)) * static_cast<double>(sysconf(_SC_PAGESIZE));
    if (bytes <= memory) return;
    throw Infeasible(what + " needs about " + std::to_string(std::llround(bytes * 1e-9)) +
                     " GB to train; this host has " + std::to_string(std::llround(memory * 1e-9)) + " GB");
}

torch::Tensor dropout_mask(const torch::Tensor& x, double p, bool maps, at::Generator& generator) {
    if (p <= 0) return {};
    if (p >= 1) return torch::zeros({}, x.options());
    const torch::NoGradGuard no_grad;
    auto mask = maps ? torch::empty({x.size(0), x.size(1), 1, 1}, x.options()) : torch::empty_like(x);
    return mask.bernoulli_(1 - p, generator).div_(1 - p);
}

torch::Tensor drop(const torch::Tensor& x, double p, bool maps, at::Generator& generator) {
    const auto mask = dropout_mask(x, p, maps, generator);
    return mask.defined() ? x * mask : x;
}

}  // namespace stemma
